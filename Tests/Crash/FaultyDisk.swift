import Foundation
import MartletTesting
import Testing

/// A disk with faults under a server's store: what a test can hold, fill, break and cut
/// off while the server runs. It is a library that the server loads first (`faulty_disk.c`).
final class FaultyDisk: Sendable {
    /// What can be wrong, as the library calls it.
    enum Fault: String, Sendable {
        case hold, full, broken, uncopied, lying, cut
    }

    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try compile()
    }

    deinit {
        // A server that waits for a held disk goes on, and can be stopped.
        try? FileManager.default.removeItem(at: folder)
    }

    private var library: String { folder.appending(path: "faulty_disk.so").path }

    private func compile() throws {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "faulty_disk.c")
        let status = try Command.run(
            "cc",
            ["-shared", "-fPIC", "-O1", "-o", library, source.path, "-ldl", "-lpthread"]
        ).status
        try #require(status == 0, "no C compiler: run scripts/setup --test")
    }

    /// What a server needs in its environment to be on this disk.
    var environment: [String: String] {
        [
            "LD_PRELOAD": library, "DISK_FAULTS": folder.path,
            "FAULTY_STORE": ServerProcess.storeName,
        ]
    }

    func begin(_ fault: Fault, _ text: String = "") throws {
        try Data(text.utf8).write(to: folder.appending(path: fault.rawValue), options: .atomic)
    }

    func end(_ fault: Fault) throws {
        try FileManager.default.removeItem(at: folder.appending(path: fault.rawValue))
    }

    /// How often copying the log into the store has failed.
    var failedCopies: Int {
        (try? Data(contentsOf: folder.appending(path: "failed")))?.count ?? 0
    }

    /// Whether a sync has been held since the disk was made.
    var hasHeld: Bool {
        FileManager.default.fileExists(atPath: folder.appending(path: "held").path)
    }
}

/// A program that runs to its end.
enum Command {
    struct Outcome {
        let status: Int32
        let complaint: String
    }

    static func run(_ program: String, _ arguments: [String]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let complaint = Pipe()
        process.standardError = complaint
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let bytes = try complaint.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            complaint: String(decoding: bytes, as: UTF8.self)
        )
    }
}
