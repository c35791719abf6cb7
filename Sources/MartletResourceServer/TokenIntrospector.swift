import Crypto
public import MartletProtocol
public import MartletTransport
import Synchronization

/// Asks the issuer what access tokens are worth (RFC 7662): for tokens that say nothing themselves, or
/// where a session's end has to count before its token expires.
///
/// ```swift
/// let introspector = TokenIntrospector(
///     issuer: "https://login.example.com", audience: "https://api.example.com",
///     clientID: "orders-api", secret: Secret(secret))
/// ```
///
/// An answer is believed for a while (``Terms``), so that a client that uses a token costs a call now
/// and then and not one each time; however many requests come with one token, one call is on its way.
/// When the issuer does not answer, nothing is known and nothing is granted: 503. Make one at start and
/// share it.
public final class TokenIntrospector: AccessTokenJudge {
    /// What to make of an answer that does not say which API the token is for.
    public enum MissingAudience: Sendable {
        /// The token is refused: it may be meant for somebody else.
        case refused
        /// The token is taken, because the issuer answers each API about its own tokens only.
        case accepted
    }

    /// The longest token that is asked about, in bytes: what fits into a header line.
    public static let maximumTokenLength = JSONWebSignature.maximumLength

    /// The issuer's URL; an `iss` in an answer must be the same bytes.
    public let issuer: String

    /// The API's identifier; `aud` in an answer must hold the same bytes.
    public let audience: String

    /// How long answers are believed, and how much is asked and kept.
    public let terms: Terms

    /// What to make of an answer without `aud`.
    public let missingAudience: MissingAudience

    /// What to do with tokens that are bound to a key.
    public let keyBoundTokens: AccessTokenVerifier.KeyBoundTokens

    /// None: the issuer's own clock says what is expired, and what was asked is not stretched.
    public let leeway: Double = 0

    /// The clock: seconds since the first of January 1970, UTC.
    public let secondsSince1970: @Sendable () -> Double

    private let call: IntrospectionCall
    private let memory: Mutex<IntrospectionMemory>

    /// An introspector for one issuer and one audience.
    ///
    /// - Parameters:
    ///   - issuer: The issuer's URL, exactly as its metadata has it.
    ///   - audience: The API's identifier, exactly as the authorization server knows it.
    ///   - clientID: The name that the API authenticates with at the issuer; with Martlet, the
    ///     `introspection_client_id` of the resource.
    ///   - secret: Its secret.
    ///   - endpoint: Where to ask, for an issuer that publishes no metadata.
    ///   - terms: How long answers are believed, and how much is asked and kept.
    ///   - missingAudience: What to make of an answer without `aud`.
    ///   - keyBoundTokens: What to do with tokens that are bound to a key.
    ///   - transport: What sends requests; by default the platform's own.
    ///   - secondsSince1970: The clock; by default the system's.
    public init(
        issuer: String,
        audience: String,
        clientID: String,
        secret: Secret,
        endpoint: String? = nil,
        terms: Terms = Terms(),
        missingAudience: MissingAudience = .refused,
        keyBoundTokens: AccessTokenVerifier.KeyBoundTokens = .refused,
        transport: (any HTTPTransport)? = nil,
        secondsSince1970: @escaping @Sendable () -> Double = AccessTokenVerifier.systemClock
    ) {
        let transport = transport ?? StandardTransport.make()
        self.issuer = issuer
        self.audience = audience
        self.terms = terms
        self.missingAudience = missingAudience
        self.keyBoundTokens = keyBoundTokens
        self.secondsSince1970 = secondsSince1970
        call = IntrospectionCall(
            credentials: BasicCredentials(clientID: clientID, secret: secret),
            endpoint: endpoint,
            document: IssuerDocument(
                issuer: issuer,
                transport: transport,
                secondsSince1970: secondsSince1970
            ),
            transport: transport
        )
        memory = Mutex(IntrospectionMemory(terms: terms))
    }

    /// What the issuer says of a token, now or a moment ago.
    ///
    /// - Parameter token: The token as it was sent.
    /// - Returns: What it says, if it is active and for this API.
    /// - Throws: ``AccessTokenError``: ``AccessTokenError/Code/invalidToken``, or
    ///   ``AccessTokenError/Code/introspectionUnavailable`` if the issuer could not be asked.
    public func judge(_ token: String) async throws(AccessTokenError) -> AccessToken {
        guard token.utf8.count <= Self.maximumTokenLength else {
            throw .invalid("The access token is too long.")
        }
        // What is remembered is a hash: a dump of this process's memory holds fewer tokens.
        let key = Array(SHA256.hash(data: Array(token.utf8)))
        let arrived = secondsSince1970()
        while true {
            let now = secondsSince1970()
            switch memory.withLock({ $0.next(for: key, at: now) }) {
            case .believe(let answer): return try check(answer)
            case .busy(let reason): throw Self.unavailable(reason)
            case .await(let work):
                let answer = try await ask(token, key, sharing: work)
                // Whoever joined a call that has been under way for long asks anew: its answer may
                // be older than one that is remembered may be.
                if answer.counts(at: arrived, for: terms) { return try check(answer.answer) }
            }
        }
    }

    private func ask(
        _ token: String,
        _ key: [UInt8],
        sharing work: SharedWork<IntrospectionMemory.Answered>
    ) async throws(AccessTokenError) -> IntrospectionMemory.Answered {
        do {
            return try await work.value { [self] in try await call(about: token, key) }
        } catch {
            throw Self.unavailable("\(error)")
        }
    }

    /// One call, whose outcome is remembered before anybody is told.
    private func call(
        about token: String,
        _ key: [UInt8]
    ) async throws -> IntrospectionMemory.Answered {
        // Whoever was about to wait when the last call ended begins another.
        let asked = secondsSince1970()
        if let known = memory.withLock({ $0.answered(key, at: asked) }) { return known }
        do {
            let json = try await call.answer(about: token)
            let answer = IntrospectionMemory.Answered(
                answer: try IntrospectionAnswer(json, for: self, at: secondsSince1970()),
                asked: asked
            )
            memory.withLock { $0.learn(answer, about: key) }
            return answer
        } catch {
            let now = secondsSince1970()
            let failure = error as? IntrospectionCall.Failure
            memory.withLock {
                $0.fail(key, at: now, concernsToken: failure?.concernsToken ?? false)
            }
            throw error
        }
    }

    /// What changes while an answer is remembered: the time.
    private func check(_ answer: IntrospectionAnswer) throws(AccessTokenError) -> AccessToken {
        guard case .active(let token) = answer else { throw Self.notActive }
        guard secondsSince1970() < Double(token.claims.expiresAt) else { throw .expired }
        guard token.claims.confirmation == nil || keyBoundTokens == .checkedByCaller else {
            throw .invalid("The access token is bound to a key and no proof was checked.")
        }
        return token
    }

    private static let notActive = AccessTokenError.invalid("The access token is not active.")

    private static func unavailable(_ detail: String) -> AccessTokenError {
        AccessTokenError(
            .introspectionUnavailable,
            "The authorization server could not be asked about the access token.",
            detail: detail
        )
    }
}
