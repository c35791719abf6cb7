import MartletProtocol
import Synchronization
import Testing

@testable import MartletClient

/// A store in memory that a test can break, and write into behind a session's back.
private final class MeddledStore: TokenStore {
    struct Full: Error {}

    let inner = MemoryTokenStore()
    /// Writes that fail, from the next one on.
    let failures = Mutex(0)
    /// Runs before each write, and is told how many there were.
    let beforeWrite = Mutex<(@Sendable (Int) async throws -> Void)?>(nil)
    let writes = Mutex(0)
    /// Somebody else has the right to renew.
    let isTaken = Mutex(false)

    func read() async throws -> StoredSession? { try await inner.read() }

    func write(
        _ session: StoredSession?,
        replacing version: StoredSession.Version?
    ) async throws -> Bool {
        let fails = failures.withLock { failures in
            defer { failures = max(0, failures - 1) }
            return failures > 0
        }
        if fails { throw Full() }
        let count = writes.withLock { writes in
            writes += 1
            return writes
        }
        if let before = beforeWrite.withLock({ $0 }) { try await before(count) }
        return try await inner.write(session, replacing: version)
    }

    func tryLock() async throws -> TokenStoreLock? {
        isTaken.withLock { $0 } ? nil : try await inner.tryLock()
    }
}

@Suite("A session whose store others use too")
struct SharedStoreTests {
    private func signedIn() async throws -> (World, MeddledStore, OAuthSession) {
        let world = try World()
        let store = MeddledStore()
        let session = OAuthSession(client: world.client(), store: store)
        try await session.signIn(with: world.tokenSet(0))
        return (world, store, session)
    }

    /// Another process writes tokens.
    private func write(_ tokens: TokenSet, to store: MeddledStore) async throws {
        let version = try await store.inner.read()?.version
        let session = StoredSession(
            version: .init("after \(version?.description ?? "nothing")"),
            content: .tokens(tokens)
        )
        #expect(try await store.inner.write(session, replacing: version))
    }

    @Test("what another process has renewed is used, and the server is not asked")
    func renewedElsewhere() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        try await write(world.tokenSet(1), to: store)
        #expect(try await session.accessToken() == Secret("access-1"))
        #expect(world.server.asked().isEmpty)
    }

    @Test("while another process renews, its outcome is waited for")
    func waits() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        store.isTaken.withLock { $0 = true }
        let caller = Task { try await session.accessToken() }
        while world.clock.sleeps.isEmpty { await Task.yield() }
        try await write(world.tokenSet(1), to: store)
        #expect(try await caller.value == Secret("access-1"))
        #expect(world.server.asked().isEmpty)
    }

    @Test("a process that renews without end is not waited for without end")
    func hangs() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        store.isTaken.withLock { $0 = true }
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.isTemporary == true)
        #expect(world.server.asked().isEmpty)
    }

    @Test("a refused refresh does not touch newer tokens than the ones that were presented")
    func refusedLate() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        let newer = world.tokenSet(2)
        store.beforeWrite.withLock { before in
            before = { [self] count in
                if count == 2 { try await write(newer, to: store) }
            }
        }
        world.server.answers("/token", World.refusal("invalid_grant"))
        #expect(try await session.accessToken() == Secret("access-2"))
        #expect(try await session.currentTokens() == newer)
    }

    @Test("a late answer does not replace newer tokens")
    func lateAnswer() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        let newer = world.tokenSet(2)
        store.beforeWrite.withLock { before in
            before = { [self] count in
                if count == 2 { try await write(newer, to: store) }
            }
        }
        world.server.answers("/token", World.tokens(1))
        #expect(try await session.accessToken() == Secret("access-2"))
        #expect(world.server.asked().count == 1)
    }

    @Test("a store that always says no does not make the session ask without end")
    func neverKeeps() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        let expired = world.tokenSet(5, life: .zero)
        store.beforeWrite.withLock { before in
            before = { [self] _ in try await write(expired, to: store) }
        }
        world.server.always("/token", World.tokens(1))
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.code == .store)
        #expect(world.server.asked().count == 3)
    }

    @Test("tokens that cannot be kept are not used; later they are kept before anybody is asked")
    func diskFull() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        store.failures.withLock { $0 = 2 }
        world.server.answers("/token", World.tokens(1))
        for _ in 0..<2 {
            let error = await clientError { _ = try await session.accessToken() }
            #expect(error?.code == .store)
            #expect(error?.needsSignIn == false)
        }
        #expect(try await session.accessToken() == Secret("access-1"))
        #expect(world.server.asked().count == 1)
        #expect(try await session.currentTokens()?.refreshToken == Secret("refresh-1"))
    }

    @Test("what an earlier renewal could not keep does not replace a newer sign-in")
    func diskFullThenSignIn() async throws {
        let (world, store, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        store.failures.withLock { $0 = 1 }
        world.server.answers("/token", World.tokens(1))
        _ = await clientError { _ = try await session.accessToken() }
        try await write(world.tokenSet(9), to: store)
        #expect(try await session.accessToken() == Secret("access-9"))
    }

    @Test("two sessions on one store renew once")
    func twoSessions() async throws {
        let (world, store, session) = try await signedIn()
        let other = OAuthSession(client: world.client(), store: store)
        world.clock.advance(by: .seconds(600))
        world.server.answers("/token", World.tokens(1))
        async let one = session.accessToken()
        async let two = other.accessToken()
        let tokens = try await [one, two]
        #expect(tokens == [Secret("access-1"), Secret("access-1")])
        #expect(world.server.asked().count == 1)
    }
}
