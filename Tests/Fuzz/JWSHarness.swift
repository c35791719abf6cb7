@testable import MartletProtocol

extension Harness {
    /// A presented JWT: its one spelling, no signature that was not made with the key, and claims
    /// that come back the same when they are written again.
    static let jws = Harness(name: "jws") { bytes in
        let pieces = bytes.pieces
        if pieces.count == 2 {
            try JWSRules.checkSigned(header: pieces[0], payload: pieces[1])
        } else {
            try JWSRules.checkText(bytes)
        }
    }
}

/// What holds of every JWT.
private enum JWSRules {
    /// Any text.
    static func checkText(_ bytes: [UInt8]) throws {
        let text = bytes.text
        guard let token = try? JSONWebSignature.parse(text) else { return }
        try require(bytes.count <= JSONWebSignature.maximumLength, "there is a bound")
        try checkSpelling(of: token, text)
        try checkClaims(token.payload)
        for genuine in GenuineToken.all where (try? token.verify(with: genuine.key)) != nil {
            try require(
                token.signingInput == genuine.signingInput,
                "a signature verifies that nobody made"
            )
        }
    }

    /// A header and a payload of any bytes, rightly signed with Ed25519: the server's own key
    /// cannot make a token that is read in two ways, and the key decides on the algorithm.
    static func checkSigned(header: [UInt8], payload: [UInt8]) throws {
        let input = Base64URL.encode(header) + "." + Base64URL.encode(payload)
        let signature = try GenuineToken.sign(input)
        let text = input + "." + signature
        guard let token = try? JSONWebSignature.parse(text) else { return }
        try checkSpelling(of: token, text)
        try require(token.payload == payload, "the payload is what was signed")
        try checkClaims(payload)
        for genuine in GenuineToken.all {
            let isOurs = genuine.algorithm == .edDSA && token.header.algorithm == .edDSA
            try require(
                ((try? token.verify(with: genuine.key)) != nil) == isOurs,
                "a token verifies with the key and the algorithm that made it, and with no other"
            )
        }
    }

    private static func checkSpelling(of token: JSONWebSignature, _ text: String) throws {
        let parts =
            token.signingInput + [UInt8(ascii: ".")]
            + Array(Base64URL.encode(token.signature).utf8)
        try require(parts == Array(text.utf8), "a token has one spelling")
        let dot = try require(
            token.signingInput.firstIndex(of: UInt8(ascii: ".")),
            "a header ends in a dot"
        )
        try require(
            Array(token.signingInput[(dot + 1)...]) == Array(Base64URL.encode(token.payload).utf8),
            "the payload is what was signed"
        )
        for name in ["crit", "b64", "zip"] {
            try require(token.header.members[name] == nil, "no token asks for what is not done")
        }
    }

    private static func checkClaims(_ payload: [UInt8]) throws {
        guard let json = try? JSONValue(parsing: payload) else { return }
        if let claims = try? AccessTokenClaims(json: json) {
            let again = try accepted("an access token's claims are read again") {
                try AccessTokenClaims(json: JSONValue(parsing: claims.encoded()))
            }
            try require(again == claims, "an access token's claims come back the same")
        }
        if let claims = try? IDTokenClaims(json: json) {
            let again = try accepted("an ID token's claims are read again") {
                try IDTokenClaims(json: JSONValue(parsing: claims.encoded()))
            }
            try require(again == claims, "an ID token's claims come back the same")
        }
    }
}

/// A token that an RFC prints, with its key: the only ones that may verify.
private struct GenuineToken {
    let algorithm: SignatureAlgorithm
    let key: JSONWebKey
    let signingInput: [UInt8]

    /// RFC 8037 A.1.
    private static let secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

    private static let signer = Result {
        try SigningKey(algorithm: .edDSA, rawRepresentation: Base64URL.decode(secret) ?? [])
    }

    private static let payload = """
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0\
        cnVlfQ
        """

    static let all: [GenuineToken] = [
        // RFC 7515 A.3, A.2 and RFC 8037 A.4.
        GenuineToken(
            .es256,
            "eyJhbGciOiJFUzI1NiJ9.\(payload)",
            [
                "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            ]
        ),
        GenuineToken(
            .rs256,
            "eyJhbGciOiJSUzI1NiJ9.\(payload)",
            [
                "kty": "RSA", "e": "AQAB",
                "n": """
                ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz\
                P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6\
                3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw\
                Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW\
                yuXpoQ
                """,
            ]
        ),
        GenuineToken(
            .edDSA,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            [
                "kty": "OKP", "crv": "Ed25519",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            ]
        ),
    ].compactMap { $0 }

    private init?(_ algorithm: SignatureAlgorithm, _ input: String, _ json: JSONValue) {
        guard let key = try? JSONWebKey(json: json) else { return nil }
        self.algorithm = algorithm
        self.key = key
        signingInput = Array(input.utf8)
    }

    /// The signature over an input by the key of RFC 8037 A.1, encoded.
    static func sign(_ input: String) throws -> String {
        var buffer = Array(input.utf8)
        try signer.get().appendSignature(to: &buffer, ofBytesFrom: 0)
        return String(decoding: buffer.dropFirst(input.utf8.count + 1), as: UTF8.self)
    }
}
