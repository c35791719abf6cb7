import Testing

@testable import MartletServer

@Suite("The process's memory")
struct ProcessMemoryTests {
    @Test("only code that can be read again from its file is let go of")
    func code() {
        let maps = """
            55d0c000-55d0e000 r--p 00000000 fe:00 1234    /usr/bin/martlet
            55d0e000-55d1e000 r-xp 00002000 fe:00 1234    /usr/bin/martlet
            55d1e000-55d1f000 rw-p 00012000 fe:00 1234    /usr/bin/martlet
            55d20000-55d21000 rwxp 00012000 fe:00 1234    /usr/bin/martlet
            56000000-56100000 rw-p 00000000 00:00 0       [heap]
            7f000000-7f001000 r-xp 00000000 00:00 0
            7f100000-7f180000 r-xp 00001000 fe:00 77      /usr/lib/with a space.so
            7fff1000-7fff2000 r-xp 00000000 00:00 0       [vdso]
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]
            nonsense
            """
        #expect(
            ProcessMemory.code(in: maps)
                == [0x55d0_e000..<0x55d1_e000, 0x7f10_0000..<0x7f18_0000]
        )
    }

    @Test("a program runs on after it has let go of its code")
    func runsOn() {
        ProcessMemory.forgetStart()
        #expect(ProcessMemory.code(in: "").isEmpty)
    }
}
