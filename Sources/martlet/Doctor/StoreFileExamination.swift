import Foundation
import MartletCore
import MartletSQLite

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The files that a store in SQLite is made of, and the disk that they are on.
struct StoreFileExamination {
    /// How long a store is read through.
    static let patience: Duration = .seconds(20)
    /// The log is cut back at 64 MiB; where it is four times that, something keeps it from being
    /// copied back.
    static let largeLog = 256 << 20
    /// With less the next hour may be the last.
    static let leastSpace = 64 << 20

    let path: String

    var findings: [Finding] { [permissions, log, space].compactMap(\.self) }

    static func finding(on check: StoreInspection.Check) -> Finding {
        switch check {
        case .whole: .ok("store", "The file was read through and is whole.")
        case .unfinished:
            .ok("store", "The file was read for \(patience.text) without finding a flaw.")
        case .flawed(let flaw):
            .problem("store", "The file is damaged (\(flaw.printable)); restore a backup.")
        }
    }

    private var permissions: Finding {
        let open = ["", "-wal", "-shm"].map { path + $0 }.filter { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & 0o077 != 0
        }
        guard open.isEmpty else {
            let names = open.map(\.printable).joined(separator: " ")
            return .problem("store", "Others may open its files: chmod 600 \(names)")
        }
        return .ok("store", "Only its owner may open its files.")
    }

    private var log: Finding? {
        guard let size = size("-wal"), size > Self.largeLog else { return nil }
        return .advice(
            "store",
            "The log beside the file has \(size.byteCount): something reads the store for very long, "
                + "a backup or a program that was left open."
        )
    }

    private var space: Finding? {
        var figures = statvfs()
        guard statvfs(path, &figures) == 0 else { return nil }
        let free = Int(clamping: UInt64(figures.f_bavail) * UInt64(figures.f_frsize))
        if free < Self.leastSpace {
            return .problem("disk", "\(free.byteCount) are free beside the store; make room.")
        }
        if let size = size(""), free < size {
            return .advice(
                "disk",
                "\(free.byteCount) are free, less than the store has (\(size.byteCount)): there is no "
                    + "room for a backup beside it."
            )
        }
        return .ok("disk", "\(free.byteCount) are free.")
    }

    private func size(_ suffix: String) -> Int? {
        var status = stat()
        return stat(path + suffix, &status) == 0 ? Int(status.st_size) : nil
    }
}
