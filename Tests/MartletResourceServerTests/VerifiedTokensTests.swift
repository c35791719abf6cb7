import MartletProtocol
import Synchronization
import Testing

@testable import MartletResourceServer

@Suite("Tokens that were verified before")
struct VerifiedTokensTests {
    /// Keys that a test exchanges, and a clock that it moves.
    private final class Issuer: KeySource {
        let set: Mutex<JSONWebKeySet?>
        let now = Mutex(Double(Forge.now))

        init(_ keys: JSONWebKeySet) {
            set = Mutex(keys)
        }

        func keysAtHand() -> JSONWebKeySet? { set.withLock { $0 } }
        func keys(missing keyID: String?) async throws -> JSONWebKeySet {
            set.withLock { $0 } ?? JSONWebKeySet([])
        }

        func verifier(remembering count: Int = 100) -> AccessTokenVerifier {
            AccessTokenVerifier(
                issuer: Forge.issuer,
                audience: Forge.audience,
                keys: self,
                leeway: 0,
                rememberedTokens: count,
                secondsSince1970: { self.now.withLock { $0 } }
            )
        }
    }

    private func refusal(
        _ verifier: AccessTokenVerifier,
        _ token: String,
        _ scopes: [String] = []
    ) async -> AccessTokenError.Code? {
        do {
            _ = try await verifier.verify(token, requiring: scopes)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("a remembered token still expires, and still lacks a scope", arguments: [0, 100])
    func judgedAnew(count: Int) async throws {
        let forge = try Forge()
        let issuer = Issuer(forge.keys)
        let verifier = issuer.verifier(remembering: count)
        let token = try forge.token()
        let first = try await verifier.verify(token)
        #expect(try await verifier.verify(token) == first)
        #expect(try verifier.verifyWithKeysAtHand(token) == first)
        #expect(await refusal(verifier, token, ["admin"]) == .insufficientScope)
        issuer.now.withLock { $0 += 599 }
        #expect(await refusal(verifier, token) == nil)
        issuer.now.withLock { $0 += 1 }
        #expect(await refusal(verifier, token) == .invalidToken)
    }

    @Test("a token whose key the issuer dropped or exchanged is remembered in vain")
    func droppedKey() async throws {
        let (forge, other) = (try Forge(), try Forge())
        let issuer = Issuer(forge.keys)
        let verifier = issuer.verifier()
        let token = try forge.token()
        #expect(await refusal(verifier, token) == nil)
        issuer.set.withLock { $0 = other.keys }
        #expect(await refusal(verifier, token) == .invalidToken)
        issuer.set.withLock { $0 = nil }
        #expect(await refusal(verifier, token) == .invalidToken)
    }

    @Test("what was refused is not remembered, and one byte makes another token")
    func refused() async throws {
        let forge = try Forge()
        let verifier = Issuer(forge.keys).verifier()
        let token = try forge.token()
        #expect(await refusal(verifier, token) == nil)
        var bytes = Array(token.utf8)
        bytes[bytes.count - 5] ^= 1
        let changed = String(decoding: bytes, as: UTF8.self)
        for _ in 0..<2 { #expect(await refusal(verifier, changed) == .invalidToken) }
        // The sign for kelvin is the letter K to Swift's ==, and another byte sequence.
        let kelvin = token.replacing("K", with: "\u{212A}")
        if kelvin.utf8.count != token.utf8.count {
            #expect(await refusal(verifier, kelvin) == .invalidToken)
        }
    }

    @Test("memory is bounded, and a token in use stays")
    func bounded() throws {
        let forge = try Forge()
        let tokens = VerifiedTokens(capacity: 10)
        let signed = try JSONWebSignature.parse(try forge.token())
        func text(_ number: Int) -> String {
            "a token that ends with a number: \(number + 100_000)"
        }
        for number in 0..<1000 {
            let token = AccessToken(claims: Forge.claims, payload: JSONObject())
            tokens.keep(.init(text(number), signed: signed, by: forge.key.publicKey, token: token))
            #expect(tokens.entry(for: text(0)) != nil, "used every time")
        }
        #expect(tokens.entry(for: text(999)) != nil)
        #expect((0..<1000).filter { tokens.entry(for: text($0)) != nil }.count <= 10)
    }

    @Test("a text that ends like a remembered token is another one, and a short one is none")
    func tails() throws {
        let forge = try Forge()
        let tokens = VerifiedTokens(capacity: 10)
        let text = try forge.token()
        let signed = try JSONWebSignature.parse(text)
        let token = AccessToken(claims: Forge.claims, payload: JSONObject())
        tokens.keep(.init(text, signed: signed, by: forge.key.publicKey, token: token))
        #expect(tokens.entry(for: text) != nil)
        #expect(tokens.entry(for: "x" + text) == nil)
        #expect(tokens.entry(for: String(text.dropFirst())) == nil)
        #expect(tokens.entry(for: "short") == nil)
        #expect(tokens.entry(for: "") == nil)
    }
}
