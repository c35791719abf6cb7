import MartletProtocol
import Testing

/// What we sign, joserfc verifies, and the other way round.
@Suite("Agreement with joserfc")
struct JoserfcOracleTests {
    private func json(_ write: (inout JSONWriter) -> Void) throws -> JSONValue {
        var writer = JSONWriter()
        write(&writer)
        return try JSONValue(parsing: writer.bytes)
    }

    @Test("joserfc verifies what we sign", arguments: SignatureAlgorithm.allCases)
    func ours(algorithm: SignatureAlgorithm) throws {
        let key = try TestTokens.key(algorithm)
        let token = try JSONWebSignature.sign(
            payload: TestTokens.claims.encoded(),
            type: "at+jwt",
            with: key
        )
        let answer = try Joserfc.ask([
            "do": "verify", "alg": .string(algorithm.rawValue), "token": .string(token),
            "jwks": try json(JSONWebKeySet([key.publicKey]).write),
        ])
        #expect(answer["header"]?["kid"]?.string == key.keyID)
        #expect(answer["header"]?["typ"] == "at+jwt")
        let claims = try AccessTokenClaims(json: try #require(answer["payload"]))
        #expect(claims == TestTokens.claims)
    }

    @Test("we verify what joserfc signs", arguments: SignatureAlgorithm.allCases)
    func theirs(algorithm: SignatureAlgorithm) throws {
        let payload = try JSONValue(parsing: TestTokens.claims.encoded())
        let answer = try Joserfc.ask([
            "do": "sign", "alg": .string(algorithm.rawValue), "payload": payload,
        ])
        let signed = try JSONWebSignature.parse(try #require(answer["token"]?.string))
        let keys = try JSONWebKeySet(json: try #require(answer["jwks"]))
        let key = try #require(keys.key(withID: signed.header.keyID, for: algorithm))
        try signed.verify(with: key)
        #expect(
            try AccessTokenClaims(json: JSONValue(parsing: signed.payload)) == TestTokens.claims
        )
    }

    @Test("joserfc computes the same thumbprints", arguments: SignatureAlgorithm.allCases)
    func thumbprints(algorithm: SignatureAlgorithm) throws {
        let key = try TestTokens.key(algorithm).publicKey
        let answer = try Joserfc.ask(["do": "thumbprint", "key": try json(key.write)])
        #expect(answer["thumbprint"]?.string == key.thumbprint)
    }
}
