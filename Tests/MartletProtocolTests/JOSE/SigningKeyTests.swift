import MartletProtocol
import Testing

@Suite("Signing keys")
struct SigningKeyTests {
    @Test(
        "a stored key signs what its published half verifies",
        arguments: SignatureAlgorithm.allCases
    )
    func storage(algorithm: SignatureAlgorithm) throws {
        let key = try TestTokens.key(algorithm)
        let stored = try SigningKey(
            algorithm: algorithm,
            rawRepresentation: key.rawRepresentation
        )
        #expect(stored.keyID == key.keyID)
        #expect(stored.publicKey == key.publicKey)
        let token = try JSONWebSignature.sign(payload: [1], type: "x", with: stored)
        try JSONWebSignature.parse(token).verify(with: key.publicKey)
    }

    @Test("a key shows itself as <redacted>, whichever way it is printed")
    func redacted() throws {
        let key = try TestTokens.key(.es256)
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "<redacted>")
        #expect(String(reflecting: key) == "<redacted>")
        #expect("\([key])" == "[<redacted>]")
        #expect(dumped.contains("<redacted>") && dumped.count < 20)
    }

    @Test("bytes that are not a private key are refused", arguments: SignatureAlgorithm.allCases)
    func malformed(algorithm: SignatureAlgorithm) {
        for bytes in [[], [1, 2, 3], [UInt8](repeating: 0xFF, count: 33)] {
            let error = #expect(throws: JOSEError.self) {
                try SigningKey(algorithm: algorithm, rawRepresentation: bytes)
            }
            #expect(error?.code == .invalidKey)
        }
    }

    @Test("the identifier is the key's thumbprint: 43 characters, the same for RS256 and PS256")
    func identifier() throws {
        let key = try TestTokens.key(.rs256)
        let other = try SigningKey(algorithm: .ps256, rawRepresentation: key.rawRepresentation)
        #expect(key.keyID == key.publicKey.thumbprint)
        #expect(key.keyID.utf8.count == 43)
        #expect(other.keyID == key.keyID)
        #expect(other.publicKey != key.publicKey)
    }
}
