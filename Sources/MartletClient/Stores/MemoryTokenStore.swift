import Synchronization

/// Tokens in memory: gone with the process. For services, which ask for new ones, and for tests.
public final class MemoryTokenStore: TokenStore {
    private struct State {
        var session: StoredSession?
        var isLocked = false
    }

    private let state = Mutex(State())

    /// An empty store.
    public init() {}

    /// What is kept.
    public func read() async throws -> StoredSession? {
        state.withLock { $0.session }
    }

    /// Keeps a session in place of the one with this version.
    public func write(
        _ session: StoredSession?,
        replacing version: StoredSession.Version?
    ) async throws -> Bool {
        state.withLock { state in
            guard state.session?.version == version else { return false }
            state.session = session
            return true
        }
    }

    /// Takes the right to renew, unless another session of this process has it.
    public func tryLock() async throws -> TokenStoreLock? {
        let isMine = state.withLock { state in
            defer { state.isLocked = true }
            return !state.isLocked
        }
        guard isMine else { return nil }
        return TokenStoreLock { [self] in state.withLock { $0.isLocked = false } }
    }
}
