import MartletProtocol
import Testing

@Suite("JSON Web Keys")
struct JSONWebKeyTests {
    static let ellipticCurve: JSONValue = [
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ]

    private func ellipticCurve(_ name: String, _ value: JSONValue?) -> JSONValue {
        var object = Self.ellipticCurve.object ?? JSONObject()
        object[name] = value
        return .object(object)
    }

    private func rsa(_ modulus: [UInt8], exponent: [UInt8] = [1, 0, 1]) -> JSONValue {
        [
            "kty": "RSA", "n": .string(Base64URL.encode(modulus)),
            "e": .string(Base64URL.encode(exponent)),
        ]
    }

    private func expectRefused(_ json: JSONValue) {
        let error = #expect(throws: JOSEError.self) { try JSONWebKey(json: json) }
        #expect(error?.code == .invalidKey)
    }

    @Test("a published key is read back as the same key", arguments: SignatureAlgorithm.allCases)
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        let key = try TestTokens.key(algorithm).publicKey
        var writer = JSONWriter()
        key.write(to: &writer)
        let json = try JSONValue(parsing: writer.bytes)
        #expect(try JSONWebKey(json: json) == key)
        #expect(json["use"] == "sig")
        #expect(json["alg"]?.string == algorithm.rawValue)
        #expect(json["kid"]?.string == key.thumbprint)
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] { #expect(json[name] == nil) }
    }

    @Test("a key with private or symmetric members is refused")
    func privateMembers() {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            expectRefused(ellipticCurve(name, "AAAA"))
        }
    }

    @Test("a key for another use or operation is refused")
    func use() throws {
        _ = try JSONWebKey(json: ellipticCurve("use", "sig"))
        _ = try JSONWebKey(json: ellipticCurve("key_ops", ["verify"]))
        expectRefused(ellipticCurve("use", "enc"))
        expectRefused(ellipticCurve("use", 1))
        expectRefused(ellipticCurve("key_ops", ["encrypt"]))
        expectRefused(ellipticCurve("key_ops", "verify"))
    }

    @Test("a point that is not on the curve, or has coordinates of another length, is refused")
    func points() {
        expectRefused(ellipticCurve("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"))
        expectRefused(ellipticCurve("y", .string(Base64URL.encode(.init(repeating: 1, count: 32)))))
        expectRefused(ellipticCurve("x", .string(Base64URL.encode(.init(repeating: 0, count: 31)))))
        expectRefused(ellipticCurve("x", .string(Base64URL.encode(.init(repeating: 0, count: 33)))))
        expectRefused(ellipticCurve("x", "AA=="))
        expectRefused(ellipticCurve("x", ""))
        expectRefused(ellipticCurve("x", nil))
        expectRefused(["kty": "OKP", "crv": "Ed25519", "x": "AAAA"])
    }

    @Test("unknown types, curves and algorithms, and wrong pairs of them, are refused")
    func types() {
        expectRefused(ellipticCurve("kty", "oct"))
        expectRefused(ellipticCurve("kty", nil))
        expectRefused(ellipticCurve("kty", ["EC"]))
        expectRefused(ellipticCurve("crv", "P-384"))
        expectRefused(ellipticCurve("crv", nil))
        expectRefused(ellipticCurve("alg", "ES384"))
        expectRefused(ellipticCurve("alg", "HS256"))
        expectRefused(ellipticCurve("alg", "RS256"))
        expectRefused(ellipticCurve("kid", 1))
        expectRefused("EC")
    }

    @Test("an RSA modulus below 2048 or above 8192 bits is refused")
    func modulus() throws {
        let good = [UInt8](repeating: 0xC1, count: 256)
        _ = try JSONWebKey(json: rsa(good))
        expectRefused(rsa([UInt8](repeating: 0xC1, count: 128)))
        expectRefused(rsa([0x7F] + good.dropFirst()))
        expectRefused(rsa([UInt8](repeating: 0xC1, count: 1025)))
        expectRefused(rsa([0] + good))
        expectRefused(rsa([]))
    }

    @Test("an RSA exponent that is even, one, huge or padded is refused")
    func exponent() {
        let modulus = [UInt8](repeating: 0xC1, count: 256)
        let exponents: [[UInt8]] = [
            [], [0], [1], [2], [1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0, 0, 1], modulus,
        ]
        for exponent in exponents { expectRefused(rsa(modulus, exponent: exponent)) }
    }

    @Test("a set skips what it cannot use and keeps the rest")
    func setSkips() throws {
        let set = try JSONWebKeySet(json: [
            "keys": [
                ["kty": "oct", "k": "AAAA"], Self.ellipticCurve, ellipticCurve("use", "enc"), 7,
                ["kty": "EC", "crv": "secp256k1", "x": "", "y": ""],
            ],
            "other": true,
        ])
        #expect(set.keys == [try JSONWebKey(json: Self.ellipticCurve)])
    }

    @Test("a set that is no set, or that lists too many keys, is refused")
    func setBounds() throws {
        for json: JSONValue in [[], [:], ["keys": [:]], ["keys": "x"]] {
            #expect(throws: JOSEError.self) { try JSONWebKeySet(json: json) }
        }
        let many = [JSONValue](repeating: 0, count: JSONWebKeySet.maximumKeyCount)
        #expect(try JSONWebKeySet(json: ["keys": .array(many)]).keys.isEmpty)
        let error = #expect(throws: JOSEError.self) {
            try JSONWebKeySet(json: ["keys": .array(many + [0])])
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("a set is written as it is read")
    func setRoundTrip() throws {
        let set = JSONWebKeySet(TestTokens.keys.values.map(\.publicKey))
        var writer = JSONWriter()
        set.write(to: &writer)
        #expect(try JSONWebKeySet(json: JSONValue(parsing: writer.bytes)) == set)
    }

    @Test("a key is found by identifier and algorithm, and without identifier only if unambiguous")
    func lookUp() throws {
        let first = try TestTokens.key(.es256).publicKey
        let second = try SigningKey.generate(for: .es256).publicKey
        let other = try TestTokens.key(.edDSA).publicKey
        let set = JSONWebKeySet([first, second, other])
        #expect(set.key(withID: second.keyID, for: .es256) == second)
        #expect(set.key(withID: second.keyID, for: .edDSA) == nil)
        #expect(set.key(withID: "unknown", for: .es256) == nil)
        #expect(set.key(withID: "", for: .es256) == nil)
        #expect(set.key(withID: nil, for: .es256) == nil)
        #expect(set.key(withID: nil, for: .edDSA) == other)
    }
}
