import Foundation
import MartletCore
import MartletTesting

@testable import MartletSQLite

/// A folder of its own for one test's store, removed with it.
final class TemporaryStore: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-storage-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    var path: String { folder.appendingPathComponent("martlet.db").path }

    func open(
        _ clock: ManualClock,
        pagesToCopy: Int = Checkpointer.pagesToCopy,
        committed: @escaping @Sendable (CommittedBatch) -> Void = { _ in }
    ) throws(SQLiteOpenError) -> SQLiteStorage {
        try SQLiteStorage.open(
            path: path,
            ifMissing: .create,
            clock: { clock.now },
            pagesToCopy: pagesToCopy,
            committed: committed
        )
    }

    /// The size of the file, or of one beside it.
    func size(_ suffix: String = "") -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + suffix)
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
}
