import Foundation
import MartletCore
import MartletTesting
import Testing

@testable import MartletSQLite

@Suite("the SQLite file")
struct SQLiteFileTests {
    private let clock = ManualClock()

    @Test("it and the files beside it are for their owner only")
    func modes() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        try await storage.make(try family(1))
        for suffix in ["", "-wal", "-shm"] {
            let attributes = try FileManager.default
                .attributesOfItem(atPath: file.path + suffix)
            let mode = try #require(attributes[.posixPermissions] as? NSNumber)
            #expect(mode.intValue == 0o600, "mode of martlet.db\(suffix)")
        }
        await storage.close()
    }

    @Test("what was written is there when it is opened again")
    func reopening() async throws {
        let file = try TemporaryStore()
        var storage = try file.open(clock)
        let made = try family(1)
        try await storage.make(made)
        await storage.close()
        storage = try SQLiteStorage.open(path: file.path, ifMissing: .refuse) { [clock] in
            clock.now
        }
        let found = try await storage.find(made.authorized.id)
        #expect(found.family == made)
        await storage.close()
    }

    @Test("a closed store is one file, with nothing left beside it")
    func oneFile() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        try await storage.make(try family(1))
        _ = try await storage.revision()
        await storage.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: file.folder.path)
        #expect(files == ["martlet.db"])
    }

    @Test("its pages are small")
    func pageSize() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        await storage.close()
        let other = try OtherProcess(file.path)
        let size = try await other.number("PRAGMA page_size")
        #expect(size == 1024)
    }

    @Test("a file that is not there is made only if it may be")
    func missing() throws {
        let file = try TemporaryStore()
        let path = file.path
        #expect(throws: SQLiteOpenError.self) {
            try SQLiteStorage.open(path: path, ifMissing: .refuse) { ManualClock.start }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("a store of a newer version is refused and left as it is")
    func newer() async throws {
        let file = try TemporaryStore()
        await (try file.open(clock)).close()
        try await OtherProcess(file.path).execute("PRAGMA user_version = 1000")
        let error = #expect(throws: SQLiteOpenError.self) { try file.open(clock) }
        #expect(error?.description.contains("newer version") == true)
        let version = try await OtherProcess(file.path).number("PRAGMA user_version")
        #expect(version == 1000)
    }

    @Test("what the configuration file owned in an older store is listed as the file's")
    func olderSchema() async throws {
        let file = try TemporaryStore()
        var storage = try file.open(clock)
        let owned = #"{"managed_by":"file"}"#
        let others = #"{"managed_by":"operator"}"#
        let records = [("a", owned), ("b", others), ("c", owned)].map { id, body in
            RecordChange.put(
                StoredRecord(
                    kind: .account,
                    id: id,
                    name: nil,
                    owner: nil,
                    version: 0,
                    epoch: nil,
                    body: Array(body.utf8)
                ),
                expecting: nil
            )
        }
        try await storage.save(records, events: [])
        await storage.close()
        try await OtherProcess(file.path).execute(
            """
            DROP TABLE end_log;
            ALTER TABLE store DROP COLUMN identity;
            ALTER TABLE store DROP COLUMN condition;
            ALTER TABLE store DROP COLUMN takes_writes;
            PRAGMA user_version = 2;
            """
        )
        storage = try file.open(clock)
        let listed = try await storage.list(.account, owner: "file", after: nil, limit: 10)
        #expect(listed.records.map(\.id) == ["a", "c"])
        await storage.close()
    }

    @Test("a file that is no database is refused and left as it is")
    func notADatabase() throws {
        let file = try TemporaryStore()
        let text = Data(String(repeating: "issuer: http://localhost\n", count: 100).utf8)
        try text.write(to: URL(fileURLWithPath: file.path))
        let error = #expect(throws: SQLiteOpenError.self) { try file.open(clock) }
        #expect(error?.description == "the file is not an SQLite database")
        #expect(try Data(contentsOf: URL(fileURLWithPath: file.path)) == text)
    }

    @Test("another program's database is refused and left as it is")
    func notOurs() async throws {
        let file = try TemporaryStore()
        try await OtherProcess(file.path).execute("CREATE TABLE song (id INTEGER PRIMARY KEY)")
        let error = #expect(throws: SQLiteOpenError.self) { try file.open(clock) }
        #expect(error?.description.contains("another program") == true)
        let mode = try await OtherProcess(file.path).number(
            "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"
        )
        #expect(mode == 0)
    }

    @Test("a folder in its place is refused")
    func folder() throws {
        let file = try TemporaryStore()
        #expect(throws: SQLiteOpenError.self) {
            try SQLiteStorage.open(path: file.folder.path, ifMissing: .create) {
                ManualClock.start
            }
        }
    }

    @Test("eight that open a new file at once all get the same store")
    func openingAtOnce() async throws {
        let file = try TemporaryStore()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in Int64(1)...8 {
                group.addTask {
                    let storage = try file.open(clock)
                    try await storage.make(try family(number))
                    await storage.close()
                }
            }
            try await group.waitForAll()
        }
        let storage = try file.open(clock)
        let all = try await storage.list(of: .all, before: nil, limit: 100)
        #expect(all.count == 8)
        await storage.close()
    }

    @Test("a store is empty until it holds a key")
    func empty() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        try await storage.make(try family(1))
        #expect(try await storage.isEmpty())
        let key = StoredRecord(
            kind: .key,
            id: "1",
            name: nil,
            owner: nil,
            version: 0,
            epoch: nil,
            body: []
        )
        try await storage.save([.put(key, expecting: nil)], events: [])
        #expect(try await !storage.isEmpty())
        await storage.close()
    }

    @Test("forty thousand rotations leave it no larger than a hundred of each family")
    func constantSpace() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        let families = try (1...2_560).map { try family($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for family in families { group.addTask { try await storage.make(family) } }
            try await group.waitForAll()
        }
        // Each in a page of its own, so that a rotation is a page in the log, and 64 at a time,
        // because each commit waits for the disk.
        let rotated = stride(from: 0, to: families.count, by: 40).map { families[$0] }
        let other = try OtherProcess(file.path)
        try await storage.rotate(rotated, times: 100)
        try await other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        let early = file.size()
        try await storage.rotate(rotated, times: 640)
        // More pages went through the log than it may hold.
        #expect(rotated.count * 640 > 2 * Checkpointer.pagesToCopy)
        #expect(file.size("-wal") < 2 * Checkpointer.pagesToCopy * 1100)
        try await other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        #expect(file.size() == early)
        for family in rotated {
            let found = try await storage.find(family.authorized.id)
            #expect(found.family?.state.generation == Generation(740))
        }
        await storage.close()
    }
}
