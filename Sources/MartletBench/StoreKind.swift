import ArgumentParser
import MartletCore
import MartletSQLite

/// Which of the stores is measured.
enum StoreKind: String, CaseIterable, Codable, ExpressibleByArgument {
    case sqlite

    /// For a table: what an answer waits for.
    var shown: String {
        switch self {
        case .sqlite: "SQLite, FULL"
        }
    }

    /// What `martlet.yaml` says of it.
    func location(in folder: SeededFolder) -> String {
        switch self {
        case .sqlite: "sqlite:\(folder.store)"
        }
    }

    /// Opens the store, and makes it if it is not there.
    func open(in folder: SeededFolder, surroundings: Surroundings) throws -> any Storage {
        switch self {
        case .sqlite:
            try SQLiteStorage.open(
                path: folder.store,
                ifMissing: .create,
                clock: surroundings.now
            )
        }
    }

    /// What is stored, in bytes of the file's pages. Its log is not in it: that has a bound.
    func bytes(in folder: SeededFolder) throws -> Int {
        switch self {
        case .sqlite: try SQLiteRows.bytes(of: folder.store)
        }
    }
}
