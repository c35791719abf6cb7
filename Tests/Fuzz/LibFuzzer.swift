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

/// One input. A broken rule stops the process, which is how libFuzzer learns of it.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    do {
        try harness.check(bytes)
    } catch {
        FileHandle.standardError.write(Data("BROKEN RULE (\(harness.name)): \(error)\n".utf8))
        abort()
    }
    return 0
}
