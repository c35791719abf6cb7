import Foundation
import MartletTesting
import Testing

extension CrashProofs {
    @Suite("On a full disk")
    struct FullDiskTests {
        @Test(
            "requests get 503, no token is burnt, and the server goes on by itself when there is room",
            arguments: DiskTrouble.Course.allCases
        )
        func withstood(_ course: DiskTrouble.Course) async throws {
            let disk = try FaultyDisk()
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment
            )
            try await DiskTrouble(
                server: server,
                disk: disk,
                afterDeath: .notDone,
                begin: { try disk.begin(.full) },
                end: { try disk.end(.full) }
            ).take(course, laterEnd: .powerCut)
        }

        @Test(
            "the same holds on a file system that has no room left",
            .enabled(
                if: SmallFileSystem.canBeMounted,
                "a file system in memory can be mounted by root only"
            ),
            arguments: DiskTrouble.Course.allCases
        )
        func withstoodForReal(_ course: DiskTrouble.Course) async throws {
            let disk = try FaultyDisk()
            let files = try SmallFileSystem(megabytes: 24)
            defer { files.unmount() }
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment,
                storeFolder: files.folder
            )
            defer { server.kill() }
            try await DiskTrouble(
                server: server,
                disk: disk,
                afterDeath: .notDone,
                begin: { try files.fill() },
                end: { try files.makeRoom() }
            ).take(course, laterEnd: .kill)
        }
    }
}

/// A file system in memory with a few megabytes, which can be filled up.
final class SmallFileSystem: Sendable {
    let folder: URL
    private var filler: URL { folder.appending(path: "filler") }

    /// Whether this process may mount file systems; tried, since root in a container may not.
    static let canBeMounted: Bool = {
        guard let trial = try? SmallFileSystem(megabytes: 1) else { return false }
        trial.unmount()
        return true
    }()

    init(megabytes: Int) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-files-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let mounting = try? Command.run(
            "mount",
            ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=0700", "martlet-test", folder.path]
        )
        guard mounting?.status == 0 else {
            try? FileManager.default.removeItem(at: folder)
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    deinit { unmount() }

    /// Also while a server has files open there.
    func unmount() {
        guard FileManager.default.fileExists(atPath: folder.path) else { return }
        _ = try? Command.run("umount", ["--lazy", folder.path])
        // Fails, and removes nothing, should it still be mounted.
        rmdir(folder.path)
    }

    /// Writes until nothing more fits.
    func fill() throws {
        let file = open(filler.path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        guard file >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(file, zeros, zeros.count) > 0 {}
        guard errno == ENOSPC else { throw CocoaError(.fileWriteUnknown) }
    }

    func makeRoom() throws {
        try FileManager.default.removeItem(at: filler)
    }
}
