import Crypto
import Foundation
import Testing

@testable import MartletProtocol

@Suite("JSON Web Signatures")
struct JSONWebSignatureTests {
    private let payload = TestTokens.claims.encoded()

    private func expectRefused(_ token: String, _ code: JOSEError.Code) {
        let error = #expect(throws: JOSEError.self) { try JSONWebSignature.parse(token) }
        #expect(error?.code == code)
    }

    @Test("what is signed is parsed and verified", arguments: SignatureAlgorithm.allCases)
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        let key = try TestTokens.key(algorithm)
        let signer = JSONWebSignature.Signer(key: key, type: "at+jwt")
        let signed = try JSONWebSignature.parse(signer.sign(payload))
        #expect(signed.header.algorithm == algorithm)
        #expect(signed.header.keyID == key.keyID)
        #expect(signed.header.type == "at+jwt")
        #expect(signed.header.members.members.map(\.name) == ["alg", "kid", "typ"])
        #expect(signed.payload == payload)
        try signed.verify(with: key.publicKey)
    }

    @Test("a token is appended to a buffer behind what is there")
    func append() throws {
        let signer = JSONWebSignature.Signer(key: try TestTokens.key(.es256), type: "at+jwt")
        var buffer = Array("before:".utf8)
        try signer.append(payload, to: &buffer)
        let text = String(decoding: buffer, as: UTF8.self)
        #expect(text.hasPrefix("before:ey"))
        try JSONWebSignature.parse(String(text.dropFirst(7))).verify(with: signer.key.publicKey)
    }

    @Test(
        "every changed bit breaks the token",
        .covers("RFC 6749 §10.3 not-forged", "RFC 6750 §5.2 integrity"),
        arguments: SignatureAlgorithm.allCases
    )
    func changedBits(algorithm: SignatureAlgorithm) throws {
        let key = try TestTokens.key(algorithm)
        let token = Array(
            try JSONWebSignature.sign(payload: Array("{}".utf8), type: "x", with: key).utf8
        )
        for index in token.indices {
            for bit in [0, 1, 5] as [UInt8] {
                var altered = token
                altered[index] ^= 1 << bit
                #expect(throws: JOSEError.self) {
                    try JSONWebSignature.parse(String(decoding: altered, as: UTF8.self))
                        .verify(with: key.publicKey)
                }
            }
        }
    }

    @Test("a token does not have two, four or five parts, nor empty headers")
    func parts() throws {
        let token = try JSONWebSignature.sign(
            payload: payload,
            type: "x",
            with: try TestTokens.key(.es256)
        )
        let parts = token.split(separator: ".")
        for text in [
            "", ".", "..", "...", "a", "\(parts[0]).\(parts[1])", token + ".", "." + token,
            token + ".e30", token + ".e30.e30", "..\(parts[2])", ".\(parts[1]).\(parts[2])",
            " " + token, token + "\n", token + "=", token.replacing(".", with: ". "),
            "Bearer " + token, token + "\u{0}", token.replacing("e", with: "é"),
        ] {
            expectRefused(text, .malformed)
        }
    }

    @Test("a token with an empty signature does not verify")
    func emptySignature() throws {
        for algorithm in SignatureAlgorithm.allCases {
            let key = try TestTokens.key(algorithm)
            let token = try JSONWebSignature.sign(payload: payload, type: "x", with: key)
            let stripped = token.prefix(through: try #require(token.lastIndex(of: ".")))
            let error = #expect(throws: JOSEError.self) {
                try JSONWebSignature.parse(String(stripped)).verify(with: key.publicKey)
            }
            #expect(error?.code == .invalidSignature)
        }
    }

    @Test(
        "alg none in any spelling, HMAC and unknown algorithms are refused (RFC 8725 §3.1)",
        .covers("RFC 9068 §2.1 signed", "OIDC Core §2 signed"),
        arguments: [
            #"{"alg":"none"}"#, #"{"alg":"None"}"#, #"{"alg":"nOnE"}"#, #"{"alg":""}"#, "{}",
            #"{"alg":null}"#, #"{"alg":["ES256"]}"#, #"{"alg":"HS256"}"#, #"{"alg":"es256"}"#,
            #"{"alg":"ES256 "}"#, #"{"alg":"ES384"}"#, #"{"alg":"ES256K"}"#, #"{"alg":"RS1"}"#,
        ]
    )
    func algorithms(header: String) throws {
        let key = try TestTokens.key(.es256)
        expectRefused(try TestTokens.forged(header: header, by: key), .unsupportedAlgorithm)
        let encoded = Base64URL.encode(Array(header.utf8))
        expectRefused("\(encoded).\(Base64URL.encode(payload)).", .unsupportedAlgorithm)
    }

    @Test("an HMAC made with the public key as its secret is refused (RFC 8725 §2.1)")
    func keyConfusion() throws {
        let key = try TestTokens.key(.rs256).publicKey
        var writer = JSONWriter()
        key.write(to: &writer)
        let input =
            "\(Base64URL.encode(Array(#"{"alg":"HS256","typ":"at+jwt"}"#.utf8)))"
            + ".\(Base64URL.encode(payload))"
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(input.utf8),
            using: SymmetricKey(data: writer.bytes)
        )
        expectRefused("\(input).\(Base64URL.encode(Array(code)))", .unsupportedAlgorithm)
    }

    @Test("a key verifies its own algorithm and no other, though the numbers would do")
    func wrongKeys() throws {
        for algorithm in SignatureAlgorithm.allCases {
            let token = try JSONWebSignature.parse(
                JSONWebSignature.sign(
                    payload: payload,
                    type: "x",
                    with: try TestTokens.key(algorithm)
                )
            )
            for other in SignatureAlgorithm.allCases where other != algorithm {
                let error = #expect(throws: JOSEError.self) {
                    try token.verify(with: try TestTokens.key(other).publicKey)
                }
                #expect(error?.code == .wrongKey)
            }
        }
    }

    @Test("a header that claims RS256 over a PS256 signature of the same key does not verify")
    func paddingConfusion() throws {
        let pss = try SigningKey(
            algorithm: .ps256,
            rawRepresentation: try TestTokens.key(.rs256).rawRepresentation
        )
        let token = try TestTokens.forged(header: #"{"alg":"RS256"}"#, by: pss)
        let error = #expect(throws: JOSEError.self) {
            try JSONWebSignature.parse(token).verify(with: try TestTokens.key(.rs256).publicKey)
        }
        #expect(error?.code == .invalidSignature)
    }

    @Test("an RSA key without alg verifies both paddings")
    func keyWithoutAlgorithm() throws {
        for algorithm in [SignatureAlgorithm.rs256, .ps256] {
            let key = try TestTokens.key(algorithm)
            var writer = JSONWriter()
            key.publicKey.write(to: &writer)
            var object = try #require(try JSONValue(parsing: writer.bytes).object)
            object["alg"] = nil
            let token = try JSONWebSignature.sign(payload: payload, type: "x", with: key)
            try JSONWebSignature.parse(token).verify(with: JSONWebKey(json: .object(object)))
        }
    }

    @Test("an ECDSA signature in DER, doubled, or of zeros is refused")
    func signatureForms() throws {
        let key = try TestTokens.key(.es256)
        let token = try JSONWebSignature.sign(payload: payload, type: "x", with: key)
        let signed = try JSONWebSignature.parse(token)
        let der = try P256.Signing.ECDSASignature(rawRepresentation: signed.signature)
            .derRepresentation
        let input = String(decoding: signed.signingInput, as: UTF8.self)
        let signatures = [
            Array(der), signed.signature + signed.signature, signed.signature + [0],
            Array(signed.signature.dropLast()), [UInt8](repeating: 0, count: 64),
            [UInt8](repeating: 0xFF, count: 64),
        ]
        for signature in signatures {
            let altered = try JSONWebSignature.parse("\(input).\(Base64URL.encode(signature))")
            let error = #expect(throws: JOSEError.self) {
                try altered.verify(with: key.publicKey)
            }
            #expect(error?.code == .invalidSignature)
        }
    }

    @Test(
        "critical extensions, b64 and zip are refused, known or unknown",
        arguments: [
            #"{"alg":"ES256","crit":["exp"],"exp":1}"#, #"{"alg":"ES256","crit":[]}"#,
            #"{"alg":"ES256","crit":["b64"],"b64":false}"#, #"{"alg":"ES256","crit":null}"#,
            #"{"alg":"ES256","b64":false}"#, #"{"alg":"ES256","b64":true}"#,
            #"{"alg":"ES256","zip":"DEF"}"#,
        ]
    )
    func critical(header: String) throws {
        let key = try TestTokens.key(.es256)
        expectRefused(try TestTokens.forged(header: header, by: key), .unsupportedHeader)
    }

    @Test("keys and their addresses inside of the header are ignored (RFC 8725 §3.10)")
    func embeddedKeys() throws {
        let attacker = try SigningKey.generate(for: .es256)
        var writer = JSONWriter()
        attacker.publicKey.write(to: &writer)
        let jwk = String(decoding: writer.bytes, as: UTF8.self)
        let header = """
            {"alg":"ES256","jwk":\(jwk),"jku":"https://evil.example","x5u":"https://evil.example"}
            """
        let signed = try JSONWebSignature.parse(
            TestTokens.forged(header: header, by: attacker)
        )
        #expect(throws: JOSEError.self) {
            try signed.verify(with: try TestTokens.key(.es256).publicKey)
        }
    }

    @Test(
        "a header that is not one JSON object with distinct members is refused",
        arguments: [
            "", "[]", "\"ES256\"", "null", "{", #"{"alg":"ES256","alg":"ES256"}"#,
            #"{"alg":"ES256","\u0061lg":"none"}"#, #"{"alg":"ES256"} "# + "x",
            #"{"alg":"ES256","kid":1}"#, #"{"alg":"ES256","typ":null}"#,
            "\u{FEFF}{\"alg\":\"ES256\"}",
        ]
    )
    func headers(header: String) throws {
        let key = try TestTokens.key(.es256)
        expectRefused(try TestTokens.forged(header: header, by: key), .malformed)
    }

    @Test("tokens and headers beyond their bounds are refused before they are decoded")
    func bounds() throws {
        let key = try TestTokens.key(.es256)
        let filler = String(repeating: "a", count: JSONWebSignature.maximumHeaderLength)
        let header = #"{"alg":"ES256","x":"\#(filler)"}"#
        expectRefused(try TestTokens.forged(header: header, by: key), .tooLarge)
        let payload = [UInt8](repeating: 1, count: JSONWebSignature.maximumLength)
        expectRefused(
            try JSONWebSignature.sign(payload: payload, type: "x", with: key),
            .tooLarge
        )
        expectRefused(
            String(repeating: ".", count: JSONWebSignature.maximumLength + 1),
            .tooLarge
        )
    }

    @Test("the type is compared without regard to case and to application/")
    func type() throws {
        let key = try TestTokens.key(.es256)
        for type in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            let token = try JSONWebSignature.sign(payload: payload, type: type, with: key)
            #expect(try JSONWebSignature.parse(token).header.isType("at+jwt"))
        }
        for type in ["", "JWT", "at+jwt ", "at+jwtx", "text/at+jwt", "application/", "at\u{B}jwt"] {
            let token = try JSONWebSignature.sign(payload: payload, type: type, with: key)
            #expect(try !JSONWebSignature.parse(token).header.isType("at+jwt"))
        }
    }

    @Test("random text is refused and never crashes the parser")
    func fuzz() throws {
        var random = SeededGenerator(state: 11)
        let token = Array(
            try JSONWebSignature.sign(
                payload: payload,
                type: "x",
                with: try TestTokens.key(.es256)
            ).utf8
        )
        for _ in 0..<2_000 {
            var bytes = token
            bytes.removeSubrange(
                Int.random(in: 0..<bytes.count, using: &random)..<bytes.count
            )
            bytes.append(contentsOf: random.bytes(Int.random(in: 1...8, using: &random)))
            // A lost last character may come back by chance.
            guard bytes != token else { continue }
            #expect(throws: JOSEError.self) {
                try JSONWebSignature.parse(String(decoding: bytes, as: UTF8.self))
                    .verify(with: try TestTokens.key(.es256).publicKey)
            }
        }
    }
}
