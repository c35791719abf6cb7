import Foundation
import MartletCore
import MartletSQLite

/// The file that `martlet backup` makes: written under another name, and given its own only when it
/// is whole, stamped and on disk.
struct BackupFile {
    let path: String

    struct Made {
        let size: Int
        let madeAt: Instant
    }

    /// - Parameter progress: bytes that had been copied, that are now, and of how many.
    func make(
        of storage: any Storage,
        at now: Instant,
        progress: @escaping @Sendable (Int, Int, Int) -> Void
    ) async throws -> Made {
        guard !OpenFile.exists(at: path) else { throw taken }
        let draft = "\(path).draft-\(UInt64.random(in: 0...UInt64.max))"
        do throws(FileFailure) {
            _ = try OpenFile(makingPrivateAt: draft)
        } catch {
            throw Refusal("\(path.printable) cannot be made: \(error.reason).")
        }
        defer {
            for suffix in ["", "-wal", "-shm", "-journal"] { unlink(draft + suffix) }
        }
        if let storage = storage as? SQLiteStorage {
            try await storage.backUp(to: draft, at: now) { state in
                progress(state.before, state.copied, state.total)
            }
        } else {
            try await Self.fill(draft, from: storage, at: now)
        }
        return Made(size: try publish(draft), madeAt: now)
    }

    /// Of a store that is no file: its rows, as of one moment, in a file that is a store too.
    static func fill(
        _ path: String,
        from storage: any Storage,
        at now: Instant
    ) async throws {
        try await OpenedStore.using(.sqlite(path: path)) { copy in
            let copy = copy.storage
            let receiving = StoreCondition.receiving(from: try await storage.status().identity)
            try await copy.setCondition(receiving, expecting: .standard, events: [])
            _ = try await StorePass(from: storage, to: copy).run()
            try await copy.setCondition(.copy(madeAt: now), expecting: receiving, events: [])
        }
    }

    /// Gives the draft its name, which fails if somebody has taken it meanwhile.
    private func publish(_ draft: String) throws -> Int {
        do throws(FileFailure) {
            let size = try OpenFile(readingAt: draft).synchronizedSize()
            guard link(draft, path) == 0 else {
                guard errno == EEXIST else { throw FileFailure(code: errno) }
                throw FileFailure(Self.takenReason)
            }
            try OpenFile.synchronize(folder: folder)
            return size
        } catch {
            throw error.reason == Self.takenReason
                ? taken : Refusal("\(path.printable) cannot be made: \(error.reason).")
        }
    }

    private static let takenReason = "it is there already"

    private var taken: Refusal {
        Refusal("\(path.printable) is there already; name another file.")
    }

    private var folder: String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}
