import CMalloc
import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#endif

/// What this process keeps of the memory that it needs only for a moment. See ADR 0020.
package enum ProcessMemory {
    /// Arenas beside one for each event loop: the writer and everybody else share one.
    static let furtherArenas = 1

    /// Tells the allocator; to be called before requests come. Each arena keeps what was once
    /// used in it, such as the 19 MiB of a password hash, and by itself there are eight for each
    /// core. Does nothing where the C library
    /// is not glibc.
    package static func limit() {
        #if canImport(Glibc)
            _ = mallopt(M_ARENA_MAX, Int32(EventLoops.count + furtherArenas))
        #endif
    }

    /// Lets go of the program's code that only the start needed. What requests need comes back by
    /// itself, from the kernel's cache of the file.
    package static func forgetStart() {
        #if os(Linux) && canImport(Glibc)
            malloc_trim(0)
            guard let maps = FileManager.default.contents(atPath: "/proc/self/maps") else { return }
            for range in code(in: String(decoding: maps, as: UTF8.self)) {
                let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound)
                _ = madvise(start, Int(range.count), MADV_DONTNEED)
            }
        #endif
    }

    /// Where code of files lies, by the text of the kernel's file: what may be run and read and not
    /// written is as it is in the file, so it can be read again from there.
    static func code(in maps: String) -> [Range<UInt>] {
        maps.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, fields[1] == "r-xp",
                fields[5].drop(while: { $0 == " " }).first == "/"
            else { return nil }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
        }
    }
}
