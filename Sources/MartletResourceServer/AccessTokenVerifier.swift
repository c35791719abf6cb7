public import MartletProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Verifies JWT access tokens (RFC 9068 §4) of one issuer for one API, without asking the issuer.
///
/// ```swift
/// let verifier = AccessTokenVerifier(
///     issuer: "https://login.example.com", audience: "https://api.example.com")
/// let token = try await verifier.verify(authorization: header, requiring: ["orders:read"])
/// ```
///
/// It remembers the tokens that it has verified lately, so that a repeated one costs a look-up and no
/// signature. Make a verifier at start and share it: copies remember together.
public struct AccessTokenVerifier: AccessTokenJudge {
    /// What to do with a token that is bound to a key (`cnf`).
    public enum KeyBoundTokens: Sendable {
        /// Refuse it: presented as a bearer token, it may be a stolen one (RFC 9449 §7.1).
        case refused
        /// Accept it, because the caller checks the proof against `claims.confirmation`.
        case checkedByCaller
    }

    /// The longest leeway, in seconds: clocks that are further apart are to be set right.
    public static let maximumLeeway: Double = 300

    /// The issuer's URL; a token's `iss` must be the same bytes.
    public let issuer: String

    /// The API's identifier; a token's `aud` must hold the same bytes.
    public let audience: String

    /// The algorithms that are accepted.
    public let algorithms: Set<SignatureAlgorithm>

    /// How far the issuer's clock may be from ours, in seconds, from 0 to ``maximumLeeway``.
    public let leeway: Double

    /// What to do with tokens that are bound to a key.
    public let keyBoundTokens: KeyBoundTokens

    /// How many tokens are remembered unless somebody says otherwise: some 10 MiB.
    public static let standardMemory = 4096

    private let keys: any KeySource
    private let verified: VerifiedTokens?
    private let lastHeader = LastHeader()

    /// The clock: seconds since the first of January 1970, UTC.
    public let secondsSince1970: @Sendable () -> Double

    /// A verifier for one issuer and one audience.
    ///
    /// - Parameters:
    ///   - issuer: The issuer's URL, exactly as its metadata has it.
    ///   - audience: The API's identifier, exactly as the authorization server knows it.
    ///   - keys: Where the issuer's keys come from: by default ``IssuerKeys`` of this issuer, over
    ///     HTTP; a `JSONWebKeySet` will do.
    ///   - algorithms: The algorithms that are accepted.
    ///   - leeway: How far the issuer's clock may be from ours, in seconds; a value outside of 0 to
    ///     ``maximumLeeway`` is brought inside.
    ///   - keyBoundTokens: What to do with tokens that are bound to a key.
    ///   - rememberedTokens: How many verified tokens are remembered at most; 0 for none.
    ///   - secondsSince1970: The clock; by default the system's.
    public init(
        issuer: String,
        audience: String,
        keys: (any KeySource)? = nil,
        algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
        leeway: Double = 5,
        keyBoundTokens: KeyBoundTokens = .refused,
        rememberedTokens: Int = standardMemory,
        secondsSince1970: @escaping @Sendable () -> Double = systemClock
    ) {
        self.issuer = issuer
        self.audience = audience
        self.keys =
            keys ?? IssuerKeys(issuer: issuer, secondsSince1970: secondsSince1970)
        self.algorithms = algorithms
        self.leeway = leeway.isFinite ? min(max(leeway, 0), Self.maximumLeeway) : 0
        self.keyBoundTokens = keyBoundTokens
        verified = rememberedTokens > 0 ? VerifiedTokens(capacity: rememberedTokens) : nil
        self.secondsSince1970 = secondsSince1970
    }

    /// The system's clock, in seconds since the first of January 1970, UTC.
    @Sendable public static func systemClock() -> Double {
        Date().timeIntervalSince1970
    }

    /// Verifies the token in a request's `Authorization` header.
    ///
    /// - Parameters:
    ///   - authorization: The header's value, or nil if the request has none.
    ///   - scopes: The scopes that the token must all have.
    /// - Returns: The verified token.
    /// - Throws: ``AccessTokenError``, which knows what to answer.
    public func verify(
        authorization: String?,
        requiring scopes: [String] = []
    ) async throws(AccessTokenError) -> AccessToken {
        try await verify(
            BearerToken.extract(fromAuthorization: authorization),
            requiring: scopes
        )
    }

    /// Verifies a token. This only waits if the keys at hand lack the one that the token names.
    ///
    /// - Parameters:
    ///   - token: The token in its compact form.
    ///   - scopes: The scopes that the token must all have.
    /// - Returns: The verified token.
    /// - Throws: ``AccessTokenError``, which knows what to answer.
    public func verify(
        _ token: String,
        requiring scopes: [String] = []
    ) async throws(AccessTokenError) -> AccessToken {
        if let known = remembered(token) { return try check(known, requiring: scopes) }
        let signed = try parse(token)
        if let key = key(for: signed, in: keys.keysAtHand()) {
            return try check(signed, token, with: key, requiring: scopes)
        }
        let fetched: JSONWebKeySet
        do {
            fetched = try await keys.keys(missing: signed.header.keyID)
        } catch {
            throw .keysUnavailable(error)
        }
        guard let key = key(for: signed, in: fetched) else { throw Self.unknownKey }
        return try check(signed, token, with: key, requiring: scopes)
    }

    /// Verifies a token: ``verify(_:requiring:)``, no scopes required.
    ///
    /// - Parameter token: The token in its compact form.
    /// - Returns: The verified token.
    /// - Throws: ``AccessTokenError``, which knows what to answer.
    public func judge(_ token: String) async throws(AccessTokenError) -> AccessToken {
        try await verify(token)
    }

    /// Verifies a token with the keys at hand, without ever waiting.
    ///
    /// - Parameters:
    ///   - token: The token in its compact form.
    ///   - scopes: The scopes that the token must all have.
    /// - Returns: The verified token.
    /// - Throws: ``AccessTokenError``, which knows what to answer. A token of a key that is not at
    ///   hand is invalid here.
    public func verifyWithKeysAtHand(
        _ token: String,
        requiring scopes: [String] = []
    ) throws(AccessTokenError) -> AccessToken {
        if let known = remembered(token) { return try check(known, requiring: scopes) }
        let signed = try parse(token)
        guard let key = key(for: signed, in: keys.keysAtHand()) else { throw Self.unknownKey }
        return try check(signed, token, with: key, requiring: scopes)
    }

    // MARK: - Steps

    private static let unknownKey = AccessTokenError.invalid(
        "The access token is signed with an unknown key."
    )

    /// What can be refused before a key is looked for: the form, the type, the algorithm. The type
    /// keeps ID tokens and logout tokens of the same issuer out (RFC 9068 §4).
    private func parse(_ token: String) throws(AccessTokenError) -> JSONWebSignature {
        let signed: JSONWebSignature
        do {
            signed = try JSONWebSignature.parse(Array(token.utf8), knowing: lastHeader.known)
        } catch {
            throw .invalid("The access token is malformed.", error)
        }
        guard signed.header.isType(AccessTokenClaims.type) else {
            throw .invalid("The token is not an access token.")
        }
        guard algorithms.contains(signed.header.algorithm) else {
            throw .invalid("The access token's algorithm is not accepted.")
        }
        return signed
    }

    private func key(for token: JSONWebSignature, in keys: JSONWebKeySet?) -> JSONWebKey? {
        keys?.key(withID: token.header.keyID, for: token.header.algorithm)
    }

    /// A token that was verified before, if the issuer still publishes the key that signed it.
    private func remembered(_ text: String) -> AccessToken? {
        guard let entry = verified?.entry(for: text),
            keys.keysAtHand()?.key(withID: entry.keyID, for: entry.algorithm) == entry.key
        else { return nil }
        return entry.token
    }

    private func check(
        _ signed: JSONWebSignature,
        _ text: String,
        with key: JSONWebKey,
        requiring scopes: [String]
    ) throws(AccessTokenError) -> AccessToken {
        do {
            try signed.verify(with: key)
        } catch {
            throw .invalid("The access token's signature does not verify.", error)
        }
        let token = try Self.read(signed.payload)
        lastHeader.keep(headerOf: signed)
        verified?.keep(VerifiedTokens.Entry(text, signed: signed, by: key, token: token))
        return try check(token, requiring: scopes)
    }

    /// What can change from one request to the next.
    private func check(
        _ token: AccessToken,
        requiring scopes: [String]
    ) throws(AccessTokenError) -> AccessToken {
        try check(token.claims)
        if !scopes.isEmpty { try check(token.claims, contain: scopes) }
        return token
    }

    private static func read(_ payload: [UInt8]) throws(AccessTokenError) -> AccessToken {
        guard let json = try? JSONValue(parsing: payload), let object = json.object else {
            throw .invalid("The access token's payload is not a JSON object.")
        }
        do {
            return AccessToken(claims: try AccessTokenClaims(json: json), payload: object)
        } catch {
            throw .invalid("A claim of the access token is missing or malformed.", error)
        }
    }
}
