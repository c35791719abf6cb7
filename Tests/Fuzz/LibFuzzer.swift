import Foundation

/// Where libFuzzer comes in. This file belongs to `scripts/fuzz` alone: the tests have no such
/// entry, and a fuzzer has no tests.
private let harness: Harness = {
    let name = ProcessInfo.processInfo.environment["MARTLET_HARNESS"] ?? ""
    guard let harness = Harness.all.first(where: { $0.name == name }) else {
        print(Harness.all.map(\.name).joined(separator: "\n"))
        exit(name.isEmpty ? 0 : 64)
    }
    return harness
}()

/// One input is looked at: then it is tried in length as well.
private let isReplay = ProcessInfo.processInfo.environment["MARTLET_REPLAY"] != nil
/// Every how many inputs one is tried in length too; a long one takes as much time as a hundred.
private let longEvery = 256
/// How many inputs there were. libFuzzer has one thread, and nobody else comes here.
nonisolated(unsafe) private var count = 0

/// One input. A broken rule stops the process, which is how libFuzzer learns of it.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ length: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: length))
    count += 1
    do {
        try harness.check(bytes)
        if let readLong = harness.readLong, count % longEvery == 1 || isReplay {
            try Pace(read: readLong).check(repeating: bytes)
        }
    } catch {
        FileHandle.standardError.write(Data("BROKEN RULE (\(harness.name)): \(error)\n".utf8))
        abort()
    }
    return 0
}
