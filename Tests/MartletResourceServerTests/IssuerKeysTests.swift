import MartletProtocol
import MartletResourceServer
import Testing

@Suite("An issuer's keys over HTTP")
struct IssuerKeysTests {
    private func verifier(_ issuer: ScriptedIssuer, keySetURI: String? = nil) -> AccessTokenVerifier
    {
        AccessTokenVerifier(
            issuer: Forge.issuer,
            audience: Forge.audience,
            keys: IssuerKeys(
                issuer: Forge.issuer,
                keySetURI: keySetURI,
                transport: issuer,
                secondsSince1970: issuer.clock
            ),
            secondsSince1970: issuer.clock
        )
    }

    private func refusal(
        _ verifier: AccessTokenVerifier,
        _ token: String
    ) async -> AccessTokenError.Code? {
        do {
            _ = try await verifier.verify(token)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "the keys are found through the issuer's metadata, once for a hundred requests",
        .covers("RFC 9068 §4 rs-signature")
    )
    func found() async throws {
        let forge = try Forge()
        let issuer = ScriptedIssuer(forge.keys)
        let verifier = verifier(issuer)
        let token = try forge.token()
        await withTaskGroup { group in
            for _ in 0..<100 {
                group.addTask { #expect(await refusal(verifier, token) == nil) }
            }
        }
        #expect(issuer.asked(ScriptedIssuer.metadataAddress).count == 1)
        #expect(issuer.asked(ScriptedIssuer.keysAddress).count == 1)
    }

    @Test("a new key is found when a token names it, and a burst of such tokens makes one look")
    func rotation() async throws {
        let (old, new) = (try Forge(), try Forge())
        let issuer = ScriptedIssuer(old.keys)
        let verifier = verifier(issuer)
        #expect(await refusal(verifier, try old.token()) == nil)
        issuer.publish(JSONWebKeySet([old.key.publicKey, new.key.publicKey]))
        issuer.advance(31)
        let tokens = try (0..<50).map { number in
            try new.token { $0.tokenID = "token \(number)" }
        }
        await withTaskGroup { group in
            for token in tokens {
                group.addTask { #expect(await refusal(verifier, token) == nil) }
            }
        }
        #expect(issuer.asked(ScriptedIssuer.keysAddress).count == 2)
    }

    @Test("tokens that name keys nobody has make one look in half a minute")
    func forgedKeyNames() async throws {
        let forge = try Forge()
        let issuer = ScriptedIssuer(forge.keys)
        let verifier = verifier(issuer)
        #expect(await refusal(verifier, try forge.token()) == nil)
        for _ in 0..<100 {
            #expect(await refusal(verifier, try Forge().token()) == .invalidToken)
        }
        #expect(issuer.asked(ScriptedIssuer.keysAddress).count == 1)
    }

    @Test("while the issuer is down known keys go on verifying, and without keys it is 503")
    func down() async throws {
        let forge = try Forge()
        let issuer = ScriptedIssuer(forge.keys)
        issuer.setDown(true)
        let verifier = verifier(issuer)
        #expect(await refusal(verifier, try forge.token()) == .keysUnavailable)
        issuer.setDown(false)
        issuer.advance(3)
        #expect(await refusal(verifier, try forge.token()) == nil)
        issuer.setDown(true)
        for _ in 0..<10 {
            issuer.advance(50)
            let token = try forge.token { $0.tokenID = "another" }
            #expect(await refusal(verifier, token) == nil)
        }
    }

    @Test("metadata that names another issuer is not believed, and its keys not fetched")
    func foreignMetadata() async throws {
        let forge = try Forge()
        let issuer = ScriptedIssuer(forge.keys, issuer: "https://evil.example")
        #expect(await refusal(verifier(issuer), try forge.token()) == .keysUnavailable)
        #expect(issuer.asked(ScriptedIssuer.keysAddress).isEmpty)
    }

    @Test("keys at an address that is not confidential are not fetched")
    func insecure() async throws {
        let forge = try Forge()
        let issuer = ScriptedIssuer(forge.keys)
        let address = "http://login.example.com/jwks"
        issuer.publish(
            ["issuer": .string(Forge.issuer), "jwks_uri": .string(address)],
            at: ScriptedIssuer.metadataAddress
        )
        #expect(await refusal(verifier(issuer), try forge.token()) == .keysUnavailable)
        #expect(issuer.asked(address).isEmpty)
    }

    @Test("an address that the app brings along is asked without metadata")
    func brought() async throws {
        let forge = try Forge()
        let issuer = ScriptedIssuer(forge.keys)
        let verifier = verifier(issuer, keySetURI: ScriptedIssuer.keysAddress)
        #expect(await refusal(verifier, try forge.token()) == nil)
        #expect(issuer.asked(ScriptedIssuer.metadataAddress).isEmpty)
    }
}
