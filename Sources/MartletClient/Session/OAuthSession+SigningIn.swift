public import MartletProtocol
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension OAuthSession {
    /// How a sign-out went.
    public enum SignOut: Sendable {
        /// The tokens are gone here and at the server.
        case everywhere
        /// They are gone here; the server could not be told, and lets them die of age.
        case here(ClientError)
    }

    /// Begins the session: keeps the tokens of a sign-in, in place of whatever was kept.
    ///
    /// - Parameter tokens: What a flow of ``OAuthClient`` brought.
    /// - Throws: ``ClientError`` with ``ClientError/Code/store``.
    public func signIn(with tokens: TokenSet) async throws {
        try await replaceKept(with: .tokens(tokens))
        remember(tokens)
    }

    /// Ends the session: forgets the tokens, and then gives them back to the server, which ends the
    /// session there.
    ///
    /// Whatever happens on the network, nobody is signed in here afterwards.
    ///
    /// - Returns: Whether the server knows.
    /// - Throws: ``ClientError`` with ``ClientError/Code/store``.
    @discardableResult
    public func signOut() async throws -> SignOut {
        let last = try await replaceKept(with: nil)
        remember(nil)
        guard case .tokens(let tokens) = last else { return .everywhere }
        do {
            try await client.revoke(tokens)
            return .everywhere
        } catch let error as ClientError {
            return .here(error)
        }
    }

    /// The tokens as they are kept, good or not; nil if nobody is signed in. Nothing is renewed.
    ///
    /// - Throws: ``ClientError`` with ``ClientError/Code/store``.
    public func currentTokens() async throws -> TokenSet? {
        guard case .tokens(let tokens) = try await read()?.content else { return nil }
        return tokens
    }

    /// Whether somebody is signed in, as far as is known here: the server may have ended the session.
    ///
    /// - Throws: ``ClientError`` with ``ClientError/Code/store``.
    public var isSignedIn: Bool {
        get async throws { try await currentTokens() != nil }
    }

    /// Who is signed in, if `openid` was asked for.
    ///
    /// - Returns: The claims of the ID token, which was checked when it came.
    /// - Throws: ``ClientError`` with ``ClientError/Code/store``.
    public func identity() async throws -> IDTokenClaims? {
        try await currentTokens()?.idToken?.claims
    }

    /// Writes whatever is kept over, once no renewal is under way: its outcome would come back.
    ///
    /// - Returns: What was kept.
    @discardableResult
    private func replaceKept(
        with content: StoredSession.Content?
    ) async throws -> StoredSession.Content? {
        let begunAt = surroundings.now()
        while true {
            if let lock = try await kept({ try await store.tryLock() }) {
                defer { lock.giveBack() }
                let before = try await read()
                let after = content.map { StoredSession(version: makeVersion(), content: $0) }
                let isDone = try await kept {
                    try await store.write(after, replacing: before?.version)
                }
                if isDone {
                    state.withLock { $0.unkept = nil }
                    return before?.content
                }
            }
            guard surroundings.now() < begunAt + Self.longestTurn else {
                throw ClientError(.store, "Another process has been renewing the tokens for long.")
            }
            try await surroundings.sleep(Self.turnInterval)
        }
    }
}
