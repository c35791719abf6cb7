import Foundation
import MartletCore
import MartletProtocol
import Testing

@testable import martlet

@Suite("martlet backup and recover")
struct BackupCommandTests {
    /// Everything a thief may have kept: a token of before the backup, one that was current when it
    /// was made, and two that came later. All were used since, and the session ended.
    private struct Stolen {
        let beforeBackup: String
        let asOfBackup: String
        let afterBackup: [String]
        /// What the owner of a session that goes on holds.
        let owned: String
        let ownedBefore: String
    }

    /// Makes a backup between uses of two sessions, one of which is ended by reuse later.
    private func backup(_ scene: RestoredFolder, _ party: RestoredFolder.Party) async throws
        -> Stolen
    {
        let running = scene.running
        let first = try await running.signIn(as: party)
        let second = try await running.refresh(first, as: party)
        var owned = try await running.signIn(as: party)
        owned = try await running.refresh(owned, as: party)
        let made = try await scene.folder.run("backup", "copy.db", "--json")
        try #require(made.status == 0, "\(made.complaint)")
        let third = try await running.refresh(second, as: party)
        let fourth = try await running.refresh(third, as: party)
        #expect(try await running.refuses(third, as: party))
        #expect(try await running.refuses(fourth, as: party))
        let ownedBefore = try await running.refresh(owned, as: party)
        owned = try await running.refresh(ownedBefore, as: party)
        await running.close()
        try scene.restore("copy.db")
        return Stolen(
            beforeBackup: first,
            asOfBackup: second,
            afterBackup: [third, fourth],
            owned: owned,
            ownedBefore: ownedBefore
        )
    }

    @Test("a copy is made beside a running server, 0600, stamped, and without the master key")
    func makes() async throws {
        let scene = try await RestoredFolder()
        let token = try await scene.running.signIn(as: scene.app)
        let made = try await scene.folder.run("backup", "copy.db", "--json")
        #expect(made.status == 0)
        #expect(made.members == ["file", "bytes", "made_at", "master_key"])
        #expect(made.complaint.contains("copied"))
        let path = "\(scene.folder.path)/copy.db"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect((attributes[.size] as? NSNumber)?.int64Value == made.json?["bytes"]?.integer)
        let names = try FileManager.default.contentsOfDirectory(atPath: scene.folder.path)
        #expect(names.filter { $0.hasPrefix("copy.db") } == ["copy.db"])
        let key = try Data(
            contentsOf: URL(fileURLWithPath: "\(scene.folder.path)/martlet.key")
        )
        let secret = try #require(MasterKeyFile.key(in: Secret(Array(key))))
        let copy = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(copy.range(of: Data(secret.bytes)) == nil)
        #expect(copy.range(of: key.dropLast()) == nil)
        _ = try await scene.running.refresh(token, as: scene.app)
        await scene.running.close()
    }

    @Test("a file that is there is not overwritten")
    func taken() async throws {
        let scene = try await RestoredFolder()
        try scene.folder.write("precious", to: "copy.db")
        let refused = try await scene.folder.run("backup", "copy.db")
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("is there already"))
        let kept = try String(contentsOfFile: "\(scene.folder.path)/copy.db", encoding: .utf8)
        #expect(kept == "precious")
        await scene.running.close()
    }

    @Test("without a store there is nothing to copy, and none is made")
    func noStore() async throws {
        let folder = try CommandFolder()
        let refused = try await folder.run("backup", "copy.db")
        #expect(refused.status == 1)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names == ["martlet.yaml"])
    }

    @Test("nothing but recover takes a copy for a store, and each says so")
    func stamped() async throws {
        let scene = try await RestoredFolder()
        _ = try await backup(scene, scene.app)
        for command in [
            ["serve"], ["session", "list"], ["user", "disable", "ann"], ["key", "rotate"],
        ] {
            let refused = try await scene.folder.run(command)
            #expect(refused.status == 1, "\(command)")
            #expect(refused.complaint.contains("martlet recover"), "\(command)")
        }
        let again = try await scene.folder.run("backup", "other.db")
        #expect(again.status == 1)
        #expect(try await scene.folder.run("recover").status == 0)
        #expect(try await scene.folder.run("session", "list").status == 0)
        let twice = try await scene.folder.run("recover")
        #expect(twice.status == 1)
        #expect(twice.complaint.contains("in service"))
    }

    @Test("after a restore no token of before works, a thief's least of all")
    func endSessions() async throws {
        for party in [\RestoredFolder.app, \.web] {
            let scene = try await RestoredFolder()
            let stolen = try await backup(scene, scene[keyPath: party])
            let recovered = try await scene.folder.run("recover", "--json")
            #expect(recovered.json?["sessions"] == "ended")
            let server = try await RunningServer(reopening: scene.folder)
            let tokens =
                [stolen.beforeBackup, stolen.asOfBackup, stolen.owned, stolen.ownedBefore]
                + stolen.afterBackup
            for token in tokens {
                #expect(try await server.refuses(token, as: scene[keyPath: party]))
            }
            let fresh = try await server.signIn(as: scene[keyPath: party])
            _ = try await server.refresh(fresh, as: scene[keyPath: party])
            await server.close()
        }
    }

    @Test("with --accept-ahead no token of a client without a secret lives again")
    func acceptAheadBearer() async throws {
        let scene = try await RestoredFolder()
        let stolen = try await backup(scene, scene.app)
        let recovered = try await scene.folder.run("recover", "--accept-ahead", "1h", "--json")
        #expect(recovered.json?["sessions"] == "accepted_ahead")
        #expect(recovered.json?["from_everybody"] == false)
        let server = try await RunningServer(reopening: scene.folder)
        for _ in 1...2 {
            for token in stolen.afterBackup + [stolen.asOfBackup, stolen.owned] {
                #expect(try await server.refuses(token, as: scene.app))
            }
        }
        await server.close()
    }

    @Test("with --accept-ahead a client that authenticates goes on with the newest it has")
    func acceptAheadProven() async throws {
        let scene = try await RestoredFolder()
        let stolen = try await backup(scene, scene.web)
        #expect(try await scene.folder.run("recover", "--accept-ahead", "1h").status == 0)
        let server = try await RunningServer(reopening: scene.folder)
        let thief = RestoredFolder.Party(id: scene.web.id, secret: nil)
        for token in stolen.afterBackup { #expect(try await server.refuses(token, as: thief)) }
        let other = RestoredFolder.Party(id: scene.app.id, secret: nil)
        for token in stolen.afterBackup { #expect(try await server.refuses(token, as: other)) }
        let next = try await server.refresh(stolen.owned, as: scene.web)
        _ = try await server.refresh(next, as: scene.web)
        #expect(try await server.refuses(stolen.ownedBefore, as: scene.web))
        #expect(try await server.refuses(next, as: scene.web))
        await server.close()
    }

    @Test("from everybody too, an owner's newer token ends what a thief's older one took")
    func acceptAheadEverybody() async throws {
        let scene = try await RestoredFolder()
        let stolen = try await backup(scene, scene.app)
        let recovered = try await scene.folder.run(
            "recover",
            "--accept-ahead",
            "30m",
            "--from-everybody"
        )
        #expect(recovered.status == 0)
        let server = try await RunningServer(reopening: scene.folder)
        let taken = try await server.refresh(stolen.ownedBefore, as: scene.app)
        #expect(taken == stolen.owned)
        let next = try await server.refresh(stolen.owned, as: scene.app)
        #expect(try await server.refuses(stolen.ownedBefore, as: scene.app))
        #expect(try await server.refuses(next, as: scene.app))
        await server.close()
    }

    @Test("the command line of recover says what does not go together")
    func usage() async throws {
        let folder = try CommandFolder()
        for arguments in [
            ["--end-sessions", "--accept-ahead", "1h"], ["--from-everybody"],
            ["--accept-ahead", "1"], ["--accept-ahead", "8d"], ["--accept-ahead", "-1h"],
        ] {
            #expect(try await folder.run(["recover"] + arguments).status == 64, "\(arguments)")
        }
    }

    @Test("a backup of a store that is no file is a file that is a store")
    func fromRows() async throws {
        let folder = try CommandFolder()
        let now = Surroundings.system.now()
        let memory = InMemoryStorage(identity: "rows") { now }
        try await memory.save([], events: [.clientCreated(ClientID(rawValue: "a"))])
        let path = "\(folder.path)/copy.db"
        _ = try await BackupFile(path: path).make(of: memory, at: now) { _, _, _ in }
        try FileManager.default.moveItem(atPath: path, toPath: "\(folder.path)/martlet.db")
        let store = try await OpenedStore(.sqlite(path: "\(folder.path)/martlet.db"))
        #expect(try await store.storage.status().condition == .copy(madeAt: now))
        #expect(
            try await StoreDigest.read(store.storage) == StoreDigest.read(memory)
        )
        await store.storage.close()
    }
}
