public import MartletProtocol
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A session that keeps itself alive: whoever asks it for an access token gets a good one.
///
/// ```swift
/// let session = OAuthSession(
///     client: OAuthClient(issuer: "https://login.example.com", clientID: "notes"),
///     store: try FileTokenStore(application: "notes"))
///
/// let (data, response) = try await session.data(from: notes)
/// ```
///
/// It renews the tokens shortly before the access token ends, and once when an API answers 401. There
/// is one renewal at a time, however many ask, in this process and in all that share the store; the
/// outcome is kept before anybody uses it. A caller that is cancelled leaves at once, and the renewal
/// goes on for the others. A lost answer is asked for again with the same token.
///
/// Make one session per signed-in person and share it.
public final class OAuthSession: Sendable {
    /// How long before its end an access token is renewed, unless that is more than a quarter of its
    /// life.
    public static let standardMargin: Duration = .seconds(60)

    struct State {
        /// The newest tokens that this process knows to be kept.
        var tokens: TokenSet?
        /// The last renewal came to nothing: until when the server is left alone, and why.
        var pause: (until: Date, error: ClientError)?
        /// Answers were lost, and the renewal under way asks again.
        var isAskingAgain = false
        /// Tokens that the server gave and the store could not keep, and what they are to replace.
        var unkept: (session: StoredSession, replacing: StoredSession.Version?)?
    }

    /// The client whose session this is.
    public let client: OAuthClient

    let store: any TokenStore
    let renewal: SessionDecision.Renewal
    let policy: RetryPolicy
    let margin: Duration
    let state = Mutex(State())
    private let renewing = SharedWork<TokenSet>()

    var surroundings: ClientSurroundings { client.surroundings }

    /// A person's session.
    ///
    /// - Parameters:
    ///   - client: Where to ask, and as whom.
    ///   - store: Where the tokens are kept.
    ///   - retry: How often and how long to ask again when an answer was lost.
    ///   - margin: How long before its end an access token is renewed.
    public convenience init(
        client: OAuthClient,
        store: any TokenStore = MemoryTokenStore(),
        retry: RetryPolicy = .standard,
        margin: Duration = standardMargin
    ) {
        self.init(client, store, .refreshToken, retry, margin)
    }

    private init(
        _ client: OAuthClient,
        _ store: any TokenStore,
        _ renewal: SessionDecision.Renewal,
        _ policy: RetryPolicy,
        _ margin: Duration
    ) {
        self.client = client
        self.store = store
        self.renewal = renewal
        self.policy = policy
        self.margin = margin
    }

    /// A service's session: it acts for itself, and asks for tokens whenever it needs one.
    ///
    /// - Parameters:
    ///   - client: Where to ask, and as whom; it has a secret.
    ///   - scope: What is asked for; none for what the client is registered for.
    ///   - resource: Which API the tokens are for (RFC 8707).
    /// - Returns: A session whose tokens are in memory.
    public static func service(
        _ client: OAuthClient,
        scope: [String] = [],
        resource: String? = nil
    ) -> OAuthSession {
        OAuthSession(
            client,
            MemoryTokenStore(),
            .clientCredentials(scope: scope, resource: resource),
            .standard,
            standardMargin
        )
    }

    // MARK: - Access tokens

    /// An access token that is good now.
    ///
    /// - Returns: The token, for one request: ask again for the next.
    /// - Throws: ``ClientError``: ``ClientError/needsSignIn`` and ``ClientError/isTemporary`` tell
    ///   what can be done. `CancellationError` if the caller was cancelled.
    public func accessToken() async throws -> Secret {
        try await tokens(insteadOf: nil).accessToken
    }

    /// An access token in place of one that an API answered 401 to: for apps that send their requests
    /// themselves. ``data(for:body:)`` does it by itself.
    ///
    /// - Parameter rejected: The token that the API did not take.
    /// - Returns: Another token, or the same if it is so new that another would not help.
    /// - Throws: As ``accessToken()``.
    public func accessToken(insteadOf rejected: Secret) async throws -> Secret {
        try await tokens(insteadOf: rejected).accessToken
    }

    func tokens(insteadOf rejected: Secret?) async throws -> TokenSet {
        if let tokens = atHand(insteadOf: rejected) { return tokens }
        let tokens = try await renewing.value { [self] in try await renew(insteadOf: rejected) }
        guard let rejected, tokens.accessToken == rejected else { return tokens }
        // The renewal that was joined had begun before an API refused what it brought.
        return try await renewing.value { [self] in try await renew(insteadOf: rejected) }
    }

    /// A token that can be had without looking at the store: one that is good for longer than the
    /// margin; or, while a renewal asks again and again, one that is good still.
    private func atHand(insteadOf rejected: Secret?) -> TokenSet? {
        let (held, isAskingAgain) = state.withLock { ($0.tokens, $0.isAskingAgain) }
        guard let held else { return nil }
        switch SessionDecision.step(keeping: .tokens(held), terms(insteadOf: rejected)) {
        case .use(let tokens): return tokens
        case .renew(_, let meanwhile): return isAskingAgain ? meanwhile : nil
        case .signIn: return nil
        }
    }

    func terms(insteadOf rejected: Secret?) -> SessionDecision.Terms {
        SessionDecision.Terms(
            now: surroundings.now(),
            margin: margin,
            rejected: rejected,
            renewal: renewal
        )
    }
}
