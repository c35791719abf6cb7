import Foundation
import MartletProtocol
import Testing

@testable import MartletClient

@Suite("Tokens in a file")
struct FileTokenStoreTests {
    /// A folder that is thrown away.
    private final class Place {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-tokens-\(UUID().uuidString)")

        deinit { try? FileManager.default.removeItem(at: folder) }

        var path: String { folder.appending(path: "deep/session.tokens").path }
        var keyPath: String { folder.appending(path: "keys/tokens.key").path }
        var store: FileTokenStore { FileTokenStore(path: path, key: .file(at: keyPath)) }

        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }

        func change(_ path: String, _ change: (inout Data) -> Void) throws {
            var data = try Data(contentsOf: URL(fileURLWithPath: path))
            change(&data)
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: data)
            try file.close()
        }
    }

    private func session(_ generation: Int, _ world: World) throws -> StoredSession {
        StoredSession(
            version: .init("v\(generation)"),
            content: .tokens(world.tokenSet(generation))
        )
    }

    @Test("what is written is read again, by another process too")
    func roundTrip() async throws {
        let (world, place) = (try World(), Place())
        let compact = try world.idToken()
        let signed = try IDTokenCheck.parse(compact)
        let tokens = TokenSet(
            accessToken: Secret("a"),
            accessTokenExpiresAt: world.clock.now,
            refreshToken: Secret("r"),
            sessionExpiresAt: world.clock.now + .seconds(5),
            scope: ["openid", "read"],
            idToken: .init(compact: Secret(compact), claims: try IDTokenCheck.claims(of: signed)),
            receivedAt: world.clock.now
        )
        #expect(try await place.store.read() == nil)
        for content in [.tokens(tokens), .over(.usedTwice)] as [StoredSession.Content] {
            let before = try await place.store.read()?.version
            let session = StoredSession(version: .init("\(content)"), content: content)
            #expect(try await place.store.write(session, replacing: before))
            #expect(try await place.store.read() == session)
        }
        let last = try await place.store.read()?.version
        #expect(try await place.store.write(nil, replacing: last))
        #expect(try await place.store.read() == nil)
    }

    @Test("only the version that was read is replaced")
    func compareAndSwap() async throws {
        let (world, place) = (try World(), Place())
        let (one, two) = (try session(1, world), try session(2, world))
        #expect(try await place.store.write(one, replacing: .init("v0")) == false)
        #expect(try await place.store.write(one, replacing: nil))
        #expect(try await place.store.write(two, replacing: nil) == false)
        #expect(try await place.store.write(nil, replacing: .init("v2")) == false)
        #expect(try await place.store.read() == one)
        #expect(try await place.store.write(two, replacing: one.version))
        #expect(try await place.store.read() == two)
    }

    @Test("files and folders are for this user alone, and nothing is left beside them")
    func modes() async throws {
        let (world, place) = (try World(), Place())
        #expect(try await place.store.write(session(1, world), replacing: nil))
        let lock = try await place.store.tryLock()
        lock?.giveBack()
        for path in [place.path, place.keyPath, place.path + ".lock"] {
            #expect(try place.mode(path) == 0o600, "\(path)")
        }
        for path in [place.path, place.keyPath] {
            #expect(try place.mode(PrivateFile.folder(of: path)) == 0o700)
        }
        let deep = PrivateFile.folder(of: place.path)
        let files = try FileManager.default.contentsOfDirectory(atPath: deep)
        #expect(Set(files) == ["session.tokens", "session.tokens.lock"])
        let keys = try FileManager.default.contentsOfDirectory(
            atPath: PrivateFile.folder(of: place.keyPath)
        )
        #expect(keys == ["tokens.key"])
    }

    @Test("the file shows nothing of the tokens, and is another one each time")
    func encrypted() async throws {
        let (world, place) = (try World(), Place())
        #expect(try await place.store.write(session(1, world), replacing: nil))
        let first = try Data(contentsOf: URL(fileURLWithPath: place.path))
        for word in ["access-1", "refresh-1", "v1", "access"] {
            #expect(first.range(of: Data(word.utf8), in: 18..<first.count) == nil, "\(word)")
        }
        #expect(try await place.store.write(session(1, world), replacing: .init("v1")))
        #expect(try Data(contentsOf: URL(fileURLWithPath: place.path)) != first)
    }

    @Test("a file that others can read is refused", arguments: [0o640, 0o604, 0o644, 0o660])
    func readable(mode: Int) async throws {
        let (world, place) = (try World(), Place())
        #expect(try await place.store.write(session(1, world), replacing: nil))
        for path in [place.path, place.keyPath] {
            try FileManager.default
                .setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let error = await clientError { _ = try await place.store.read() }
            #expect(error?.code == .store)
            #expect(error?.description.contains("chmod 600") == true)
            try FileManager.default
                .setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        }
        #expect(try await place.store.read() != nil)
    }

    @Test("a link in place of the file is not followed")
    func link() async throws {
        let (world, place) = (try World(), Place())
        #expect(try await place.store.write(session(1, world), replacing: nil))
        let elsewhere = place.path + ".elsewhere"
        try FileManager.default.moveItem(atPath: place.path, toPath: elsewhere)
        try FileManager.default.createSymbolicLink(
            atPath: place.path,
            withDestinationPath: elsewhere
        )
        let error = await clientError { _ = try await place.store.read() }
        #expect(error?.code == .store)
    }

    @Test("a file that was changed, cut off or is something else is refused, and not overwritten")
    func changed() async throws {
        let (world, place) = (try World(), Place())
        let changes: [@Sendable (inout Data) -> Void] = [
            { $0[$0.count - 1] ^= 1 }, { $0[20] ^= 1 }, { $0.removeLast(5) }, { $0 = Data() },
            { $0 = Data("something else".utf8) }, { $0[0] ^= 1 },
            { $0 = Data(repeating: 7, count: 300 * 1024) },
        ]
        for change in changes {
            try? FileManager.default.removeItem(atPath: place.path)
            #expect(try await place.store.write(session(1, world), replacing: nil))
            try place.change(place.path, change)
            let before = try Data(contentsOf: URL(fileURLWithPath: place.path))
            for body in [
                { _ = try await place.store.read() },
                { _ = try await place.store.write(nil, replacing: nil) },
            ] as [() async throws -> Void] {
                let error = await clientError { try await body() }
                #expect(error?.code == .store)
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: place.path)) == before)
        }
    }

    @Test("another key does not open it, and a missing one is not made anew")
    func keys() async throws {
        let (world, place) = (try World(), Place())
        let secret = FileTokenStore.Key.secret(Secret([UInt8](repeating: 1, count: 32)))
        let other = FileTokenStore.Key.secret(Secret([UInt8](repeating: 2, count: 32)))
        let store = FileTokenStore(path: place.path, key: secret)
        #expect(try await store.write(session(1, world), replacing: nil))
        #expect(try await store.read() != nil)
        let wrong = await clientError {
            _ = try await FileTokenStore(path: place.path, key: other).read()
        }
        #expect(wrong?.code == .store)
        let missing = await clientError { _ = try await place.store.read() }
        #expect(missing?.code == .store)
        #expect(!FileManager.default.fileExists(atPath: place.keyPath))
        let short = FileTokenStore(path: place.path, key: .secret(Secret("password")))
        let weak = await clientError { _ = try await short.read() }
        #expect(weak?.code == .store)
    }

    @Test("the right to renew is one, until it is given back")
    func lock() async throws {
        let place = Place()
        let first = try #require(try await place.store.tryLock())
        let second = try await place.store.tryLock()
        #expect(second == nil)
        first.giveBack()
        let third = try #require(try await place.store.tryLock())
        third.giveBack()
    }

    @Test("what an interrupted write left behind is no hindrance")
    func leftBehind() async throws {
        let (world, place) = (try World(), Place())
        #expect(try await place.store.write(session(1, world), replacing: nil))
        _ = FileManager.default.createFile(
            atPath: place.path + ".new",
            contents: Data(repeating: 65, count: 10_000),
            attributes: [.posixPermissions: 0o644]
        )
        #expect(try await place.store.write(session(2, world), replacing: .init("v1")))
        #expect(try await place.store.read()?.version == .init("v2"))
        #expect(try place.mode(place.path) == 0o600)
    }

    @Test("a full disk keeps the tokens that were there")
    func fullDisk() async throws {
        let (world, place) = (try World(), Place())
        #expect(try await place.store.write(session(1, world), replacing: nil))
        // A folder of that name is as good as a disk that takes nothing.
        try FileManager.default.createDirectory(
            atPath: place.path + ".new",
            withIntermediateDirectories: false
        )
        let error = await clientError {
            _ = try await place.store.write(session(2, world), replacing: .init("v1"))
        }
        #expect(error?.code == .store)
        #expect(try await place.store.read()?.version == .init("v1"))
    }

    @Test(
        "a name that is not that of a file is refused",
        arguments: ["", "..", ".hidden", "a/b", "a\0"]
    )
    func names(name: String) async {
        let error = await clientError { _ = try FileTokenStore(application: name) }
        #expect(error?.code == .store)
        let account = await clientError {
            _ = try FileTokenStore(application: "notes", account: name)
        }
        #expect(account?.code == .store)
    }
}
