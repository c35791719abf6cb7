import Crypto
import Foundation
import MartletResourceServer
import Testing

@testable import MartletProtocol

/// The attacks of RFC 8725 §2, and their relatives, each by its name.
@Suite("Hostile tokens")
struct HostileTokenTests {
    private let forge: Forge

    init() throws {
        forge = try Forge()
    }

    /// Refused by a verifier that fetches and by one that does not, twice each: nothing is remembered.
    private func expectRefused(
        _ token: String,
        _ description: String? = nil,
        keys: JSONWebKeySet? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let verifier = forge.verifier(keys: keys)
        for _ in 0..<2 {
            let error = await #expect(
                throws: AccessTokenError.self,
                sourceLocation: sourceLocation
            ) { _ = try await verifier.verify(token) }
            #expect(error?.code == .invalidToken, sourceLocation: sourceLocation)
            if let description {
                #expect(error?.description == description, sourceLocation: sourceLocation)
            }
        }
    }

    /// Any header and payload, as texts, under a signature that the issuer's key made over just this.
    private func signed(header: String, payload: String? = nil) throws -> String {
        let payload = payload.map { Array($0.utf8) } ?? Forge.claims.encoded()
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(payload)
        return try forge.key.token(input)
    }

    private func goodHeader(_ more: String = "") -> String {
        #"{"alg":"ES256","kid":"\#(forge.key.keyID)","typ":"at+jwt"\#(more)}"#
    }

    private func signed(payload change: (inout JSONObject) -> Void) throws -> String {
        var object = try #require(try JSONValue(parsing: Forge.claims.encoded()).object)
        change(&object)
        let text = String(decoding: JSONValue.object(object).encoded(), as: UTF8.self)
        return try signed(header: goodHeader(), payload: text)
    }

    @Test("the forge's own token is good: what follows is refused for what is wrong with it")
    func control() async throws {
        let token = try signed(header: goodHeader())
        #expect(try await forge.verifier().verify(token).claims == Forge.claims)
    }

    // MARK: - RFC 8725 §2.1, §3.1: the algorithm

    @Test(
        "alg none is refused in every spelling, with and without a signature",
        .covers("RFC 8725 §3.1 algorithms", "RFC 8725 §3.2 none", "RFC 9068 §2.1 signed"),
        arguments: ["none", "None", "NONE", "nOnE", "", "null", " none", "none "]
    )
    func algorithmNone(name: String) async throws {
        let header = #"{"alg":"\#(name)","kid":"\#(forge.key.keyID)","typ":"at+jwt"}"#
        let token = try signed(header: header)
        await expectRefused(token, "The access token is malformed.")
        let parts = token.split(separator: ".")
        await expectRefused("\(parts[0]).\(parts[1]).", "The access token is malformed.")
        await expectRefused("\(parts[0]).\(parts[1])", "The access token is malformed.")
    }

    @Test(
        "an algorithm that is no string, or not there, is refused",
        arguments: ["null", "1", "[\"ES256\"]", "{}", "true"]
    )
    func algorithmOfAnotherType(value: String) async throws {
        await expectRefused(try signed(header: #"{"alg":\#(value),"typ":"at+jwt"}"#))
        await expectRefused(try signed(header: #"{"typ":"at+jwt"}"#))
    }

    @Test(
        "key confusion: an HMAC with the public key as its secret is refused",
        .covers("RFC 8725 §3.1 algorithms", "RFC 8725 §3.2 appropriate"),
        arguments: ["HS256", "HS384", "HS512"]
    )
    func hmacWithPublicKey(name: String) async throws {
        let rsa = try Forge(.rs256)
        for issuer in [forge, rsa] {
            var writer = JSONWriter()
            issuer.key.publicKey.write(to: &writer)
            let header = #"{"alg":"\#(name)","kid":"\#(issuer.key.keyID)","typ":"at+jwt"}"#
            let input =
                Base64URL.encode(Array(header.utf8)) + "."
                + Base64URL.encode(Forge.claims.encoded())
            let code = HMAC<SHA256>.authenticationCode(
                for: Array(input.utf8),
                using: SymmetricKey(data: writer.bytes)
            )
            await expectRefused(
                input + "." + Base64URL.encode(Array(code)),
                "The access token is malformed.",
                keys: issuer.keys
            )
        }
    }

    @Test(
        "key confusion: a key of one family never verifies another family's algorithm",
        .covers("RFC 8725 §3.1 algorithms"),
        arguments: SignatureAlgorithm.allCases,
        SignatureAlgorithm.allCases
    )
    func mixedFamilies(named: SignatureAlgorithm, used: SignatureAlgorithm) async throws {
        guard named != used else { return }
        let issuer = try Forge(used)
        let header = #"{"alg":"\#(named.rawValue)","kid":"\#(issuer.key.keyID)","typ":"at+jwt"}"#
        let input =
            Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Forge.claims.encoded())
        await expectRefused(try issuer.key.token(input), keys: issuer.keys)
    }

    // MARK: - RFC 8725 §3.4, §3.10: keys and curves

    @Test(
        "a signature of r = 0 and s = 0, or of the group's order, is refused",
        .covers("RFC 8725 §3.4 inputs")
    )
    func zeroSignature() async throws {
        let order =
            "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
        let n = stride(from: 0, to: 64, by: 2).compactMap { offset in
            UInt8(order.dropFirst(offset).prefix(2), radix: 16)
        }
        let zero = [UInt8](repeating: 0, count: 32)
        let one = [UInt8](repeating: 0, count: 31) + [1]
        let input =
            try signed(header: goodHeader()).split(separator: ".").prefix(2)
            .joined(separator: ".")
        for (r, s) in [(zero, zero), (zero, one), (one, zero), (n, n), (n, one), (one, n)] {
            await expectRefused(
                input + "." + Base64URL.encode(r + s),
                "The access token's signature does not verify."
            )
        }
    }

    @Test("a signature of another length, or in DER, is refused")
    func signatureLength() async throws {
        let token = try signed(header: goodHeader())
        let parts = token.split(separator: ".").map(String.init)
        let raw = try #require(Base64URL.decode(parts[2]))
        let der = Array(try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
        let others = [[], Array(raw.dropLast()), raw + [0], [0] + raw, raw + raw, der]
        for other in others {
            await expectRefused("\(parts[0]).\(parts[1]).\(Base64URL.encode(other))")
        }
    }

    @Test(
        "a key whose point is not on its curve is no key, so that no token is verified with it",
        .covers("RFC 8725 §3.4 inputs")
    )
    func invalidCurve() async throws {
        let points = [
            (String(repeating: "A", count: 43), String(repeating: "A", count: 43)),
            (Base64URL.encode(Array(repeating: 1, count: 32)), Base64URL.encode(Array(1...32))),
        ]
        for (x, y) in points {
            let json: JSONValue = [
                "keys": [
                    [
                        "kty": "EC", "crv": "P-256", "kid": .string(forge.key.keyID),
                        "x": .string(x), "y": .string(y),
                    ]
                ]
            ]
            let keys = try JSONWebKeySet(json: json)
            #expect(keys.keys.isEmpty)
            await expectRefused(try forge.token(), keys: keys)
        }
    }

    @Test(
        "a key that the token brings along is not used: jwk, jku, x5u, x5c",
        .covers("RFC 8725 §3.10 claims")
    )
    func keyInHeader() async throws {
        let thief = try Forge()
        var writer = JSONWriter()
        thief.key.publicKey.write(to: &writer)
        let jwk = String(decoding: writer.bytes, as: UTF8.self)
        let members = [
            #""jwk":\#(jwk)"#, #""jku":"https://evil.example/jwks""#,
            #""x5u":"https://evil.example/cert""#, #""x5c":["MIIB"]"#, #""x5t":"AAAA""#,
        ]
        for member in members {
            for keyID in [forge.key.keyID, thief.key.keyID] {
                let header = #"{"alg":"ES256","kid":"\#(keyID)","typ":"at+jwt",\#(member)}"#
                let input =
                    Base64URL.encode(Array(header.utf8)) + "."
                    + Base64URL.encode(Forge.claims.encoded())
                await expectRefused(try thief.key.token(input))
            }
        }
    }

    @Test(
        "a kid that is a path, a query or a command finds no key",
        .covers("RFC 8725 §3.10 claims"),
        arguments: [
            "../../etc/passwd", "' OR '1'='1", "$(id)", "a\\u0000b", "https://evil.example/key",
            "", " ",
        ]
    )
    func keyIDInjection(keyID: String) async throws {
        let header = #"{"alg":"ES256","kid":"\#(keyID)","typ":"at+jwt"}"#
        await expectRefused(
            try signed(header: header),
            "The access token is signed with an unknown key."
        )
        await expectRefused(try signed(header: #"{"alg":"ES256","kid":1,"typ":"at+jwt"}"#))
    }

    // MARK: - RFC 8725 §2.7, §3.8, §3.9, §3.11: tokens for something else

    @Test(
        "cross-JWT confusion: an ID token, a logout token and a token without type are refused",
        .covers("RFC 8725 §3.11 typ", "RFC 9068 §4 rs-typ"),
        arguments: [
            #","typ":"JWT""#, #","typ":"logout+jwt""#, #","typ":"dpop+jwt""#, "", #","typ":"""#,
            #","typ":"at+jwt ""#, #","typ":"at jwt""#, #","typ":"application/at+jwt+x""#,
        ]
    )
    func wrongType(member: String) async throws {
        let header = #"{"alg":"ES256","kid":"\#(forge.key.keyID)"\#(member)}"#
        await expectRefused(try signed(header: header), "The token is not an access token.")
    }

    @Test(
        "substitution: a token for another audience is refused, however close its name",
        .covers("RFC 8725 §3.9 audience"),
        arguments: [
            "https://other.example", Forge.audience + "/", Forge.audience + " ",
            "https://API.example.com", "api.example.com", Forge.audience + "\u{0}",
        ]
    )
    func wrongAudience(audience: String) async throws {
        await expectRefused(
            try forge.token { $0.audience = [audience] },
            "The access token is not for this resource."
        )
        await expectRefused(try signed { $0["aud"] = ["x": .string(Forge.audience)] })
        await expectRefused(try signed { $0["aud"] = [] })
    }

    @Test(
        "substitution: a token of another issuer is refused, though the key is known",
        .covers("RFC 8725 §3.8 issuer"),
        arguments: [
            "https://evil.example", Forge.issuer + "/", Forge.issuer + "#", "",
            "https://login.example.com.evil.example",
        ]
    )
    func wrongIssuer(issuer: String) async throws {
        await expectRefused(try signed { $0["iss"] = .string(issuer) })
        await expectRefused(try signed { $0["iss"] = [.string(Forge.issuer)] })
    }

    // MARK: - Times

    @Test("a token of the future is refused: iat, and nbf")
    func future() async throws {
        await expectRefused(
            try forge.token { $0.issuedAt = Forge.now + 1 },
            "The access token was issued in the future."
        )
        await expectRefused(
            try forge.token { $0.notBefore = Forge.now + 1 },
            "The access token is not valid yet."
        )
    }

    @Test(
        "a token that expired, or whose times are no numbers, is refused",
        arguments: ["1e400", "-1", "\"1790000600\"", "null", "true", "99999999999999999999", "{}"]
    )
    func times(value: String) async throws {
        await expectRefused(
            try forge.token { $0.expiresAt = Forge.now },
            "The access token provided has expired."
        )
        let good = String(decoding: Forge.claims.encoded(), as: UTF8.self)
        for name in ["exp", "iat", "nbf"] {
            let member = #""\#(name)":"#
            let payload =
                good.contains(member)
                ? good.replacingOccurrences(
                    of: "\(member)[0-9]+",
                    with: member + value,
                    options: .regularExpression
                )
                : "{\(member)\(value)," + good.dropFirst()
            #expect(payload.contains(member + value))
            await expectRefused(try signed(header: goodHeader(), payload: payload))
        }
    }

    // MARK: - RFC 8725 §2.4, §3.6, §3.7: what two parsers read differently

    @Test("duplicate claims are refused, in whatever spelling")
    func duplicateClaims() async throws {
        let good = String(decoding: Forge.claims.encoded(), as: UTF8.self).dropLast()
        for member in [
            #""sub":"admin""#, #""s\u0075b":"admin""#, #""scope":"admin""#, #""exp":9999999999"#,
        ] {
            await expectRefused(
                try signed(header: goodHeader(), payload: "\(good),\(member)}"),
                "The access token's payload is not a JSON object."
            )
        }
    }

    @Test("duplicate header members are refused, in whatever spelling")
    func duplicateHeaderMembers() async throws {
        for member in [
            #","alg":"ES256""#, #","typ":"at+jwt""#, #","kid":"x""#, #","\u0061lg":"none""#,
        ] {
            await expectRefused(
                try signed(header: goodHeader(member)),
                "The access token is malformed."
            )
        }
    }

    @Test(
        "an extension that must be understood is refused: crit, b64 and zip, even empty",
        .covers("RFC 8725 §3.6 compression"),
        arguments: [
            #","crit":["exp"]"#, #","crit":[]"#, #","crit":["b64"],"b64":false"#, #","b64":false"#,
            #","b64":true"#, #","zip":"DEF""#, #","crit":null"#,
        ]
    )
    func criticalExtensions(member: String) async throws {
        await expectRefused(
            try signed(header: goodHeader(member)),
            "The access token is malformed."
        )
    }

    @Test("base64url that is not canonical is refused: other bits, padding, white space, + and /")
    func nonCanonical() async throws {
        let token = try signed(header: goodHeader())
        let parts = token.split(separator: ".").map(String.init)
        // 64 bytes leave four bits of the last character without use.
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(parts[2].last.flatMap { alphabet.firstIndex(of: $0) })
        let twin = parts[2].dropLast() + String(alphabet[last ^ 1])
        await expectRefused("\(parts[0]).\(parts[1]).\(twin)", "The access token is malformed.")
        for part in 0..<3 {
            for change in ["=", "==", " ", "\n", "+", "/", "%3D", "\u{0}", "é"] {
                var changed = parts
                changed[part] += change
                await expectRefused(changed.joined(separator: "."))
            }
        }
    }

    @Test("data behind the payload or the header's object is refused")
    func trailingData() async throws {
        let good = String(decoding: Forge.claims.encoded(), as: UTF8.self)
        for tail in ["{}", "x", "\u{0}", ",", good] {
            await expectRefused(try signed(header: goodHeader(), payload: good + tail))
            await expectRefused(try signed(header: goodHeader() + tail))
        }
        let token = try signed(header: goodHeader())
        for text in [token + ".", "." + token, token + ".x.y", token + "\n", " " + token] {
            await expectRefused(text)
        }
    }

    // MARK: - Size and depth

    @Test("a token that is longer than a header line is refused before it is read")
    func hugeToken() async throws {
        let long = String(repeating: "a", count: JSONWebSignature.maximumLength)
        await expectRefused(
            try signed { $0["x"] = .string(long) },
            "The access token is malformed."
        )
        await expectRefused(long + ".a.a")
        await expectRefused(String(repeating: ".", count: 1_000_000))
    }

    @Test("a huge header is refused though its token fits")
    func hugeHeader() async throws {
        let filler = String(repeating: "a", count: JSONWebSignature.maximumHeaderLength)
        await expectRefused(
            try signed(header: goodHeader(#","x":"\#(filler)""#)),
            "The access token is malformed."
        )
    }

    @Test("JSON that is nested without end is refused, in the header and in the payload")
    func deepJSON() async throws {
        let depth = 5000
        let deep =
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let good = String(decoding: Forge.claims.encoded(), as: UTF8.self).dropLast()
        await expectRefused(try signed(header: goodHeader(), payload: "\(good),\"x\":\(deep)}"))
        let shallow = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        await expectRefused(try signed(header: goodHeader(#","x":\#(shallow)"#)))
        await expectRefused(try signed(header: goodHeader(), payload: "\(good),\"x\":\(shallow)}"))
    }

    @Test(
        "a nested or encrypted JWT is refused: a token in a token, and one of five parts",
        .covers("RFC 8725 §3.3 all-operations")
    )
    func nested() async throws {
        let inner = try forge.token()
        await expectRefused(
            try signed(
                header: #"{"alg":"ES256","cty":"JWT","kid":"\#(forge.key.keyID)","typ":"at+jwt"}"#,
                payload: inner
            ),
            "The access token's payload is not a JSON object."
        )
        await expectRefused("a.b.c.d.e", "The access token is malformed.")
    }
}

extension SigningKey {
    /// A text, and this key's signature of it behind.
    fileprivate func token(_ input: String) throws -> String {
        var buffer = Array(input.utf8)
        try appendSignature(to: &buffer, ofBytesFrom: 0)
        return String(decoding: buffer, as: UTF8.self)
    }
}
