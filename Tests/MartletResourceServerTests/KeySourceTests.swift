import MartletProtocol
import MartletResourceServer
import Synchronization
import Testing

@Suite("Sources of keys")
struct KeySourceTests {
    /// A source with a cache that a look at the issuer fills, and that counts the looks.
    private final class CountingSource: KeySource {
        struct Unreachable: Error {}

        private let cache: Mutex<JSONWebKeySet?>
        private let issuer: JSONWebKeySet?
        let missing = Mutex<[String?]>([])

        init(cache: JSONWebKeySet?, issuer: JSONWebKeySet?) {
            self.cache = Mutex(cache)
            self.issuer = issuer
        }

        func keysAtHand() -> JSONWebKeySet? { cache.withLock { $0 } }

        func keys(missing keyID: String?) async throws -> JSONWebKeySet {
            missing.withLock { $0.append(keyID) }
            guard let issuer else { throw Unreachable() }
            cache.withLock { $0 = issuer }
            return issuer
        }
    }

    @Test("a key at hand is used without a look at the issuer")
    func atHand() async throws {
        let forge = try Forge()
        let source = CountingSource(cache: forge.keys, issuer: nil)
        _ = try await forge.verifier(keys: source).verify(forge.token())
        #expect(source.missing.withLock { $0 }.isEmpty)
    }

    @Test("a key that is not at hand is looked for once, and then at hand")
    func fetched() async throws {
        let forge = try Forge()
        let old = try Forge()
        let source = CountingSource(cache: old.keys, issuer: forge.keys)
        let verifier = forge.verifier(keys: source)
        _ = try await verifier.verify(forge.token())
        _ = try await verifier.verify(forge.token())
        #expect(source.missing.withLock { $0 } == [forge.key.keyID])
    }

    @Test("a key that the issuer does not have either makes the token invalid")
    func unknown() async throws {
        let forge = try Forge()
        let source = CountingSource(cache: nil, issuer: try Forge().keys)
        let error = await #expect(throws: AccessTokenError.self) {
            try await forge.verifier(keys: source).verify(forge.token())
        }
        #expect(error?.code == .invalidToken)
        #expect(error?.status == 401)
        let fixed = await #expect(throws: AccessTokenError.self) {
            try await forge.verifier(keys: JSONWebKeySet([])).verify(forge.token())
        }
        #expect(fixed?.code == .invalidToken)
    }

    @Test("keys that cannot be had say nothing against the token: 503")
    func unavailable() async throws {
        let forge = try Forge()
        let source = CountingSource(cache: nil, issuer: nil)
        let error = await #expect(throws: AccessTokenError.self) {
            try await forge.verifier(keys: source).verify(forge.token())
        }
        #expect(error?.code == .keysUnavailable)
        #expect(error?.status == 503)
        #expect(error?.challenge(realm: "api") == #"Bearer realm="api""#)
    }

    @Test("a token of the wrong form, type or algorithm never causes a look at the issuer")
    func noFetchForNonsense() async throws {
        let forge = try Forge()
        let source = CountingSource(cache: nil, issuer: forge.keys)
        let verifier = forge.verifier(keys: source, algorithms: [.es256])
        let other = try Forge(.edDSA)
        for token in ["nonsense", try forge.token(type: "JWT"), try other.token()] {
            await #expect(throws: AccessTokenError.self) { try await verifier.verify(token) }
        }
        #expect(source.missing.withLock { $0 }.isEmpty)
    }

    @Test("the header of a request is verified in one call")
    func authorization() async throws {
        let forge = try Forge()
        let header = "Bearer \(try forge.token())"
        let token = try await forge.verifier().verify(
            authorization: header,
            requiring: ["orders:read"]
        )
        #expect(token.claims.subject == "account-1")
        let error = await #expect(throws: AccessTokenError.self) {
            try await forge.verifier().verify(authorization: nil)
        }
        #expect(error?.code == .tokenMissing)
    }

    @Test("the default clock is the system's: a token of the distant past is expired")
    func systemClock() throws {
        let forge = try Forge()
        let token = try forge.token {
            $0.issuedAt = 1
            $0.expiresAt = 2
        }
        let verifier = AccessTokenVerifier(
            issuer: Forge.issuer,
            audience: Forge.audience,
            keys: forge.keys
        )
        expectRefused(.invalidToken, "The access token provided has expired.") {
            try verifier.verifyWithKeysAtHand(token)
        }
        #expect(AccessTokenVerifier.systemClock() > 1_700_000_000)
        #expect(verifier.leeway == 5)
    }
}
