import Testing

@testable import MartletProtocol

/// Keys, claims and forged tokens that the tests share. RSA keys are slow to make, so there is one.
enum TestTokens {
    static let keys: [SignatureAlgorithm: SigningKey] = {
        var keys: [SignatureAlgorithm: SigningKey] = [:]
        for algorithm in SignatureAlgorithm.allCases {
            keys[algorithm] = try? .generate(for: algorithm)
        }
        return keys
    }()

    static func key(_ algorithm: SignatureAlgorithm) throws -> SigningKey {
        try #require(keys[algorithm])
    }

    static let claims: AccessTokenClaims = {
        var claims = AccessTokenClaims(
            issuer: "https://login.example.com",
            subject: "account-1",
            audience: ["https://api.example.com"],
            clientID: "web",
            issuedAt: 1_790_000_000,
            expiresAt: 1_790_000_600,
            tokenID: "token-1",
            scope: "orders:read orders:write"
        )
        claims.authorizedParty = "web"
        claims.authenticationTime = 1_789_999_000
        claims.authenticationContext = "urn:example:acr:1"
        claims.authenticationMethods = ["pwd"]
        claims.sessionID = "session-1"
        return claims
    }()

    /// A token with any header, signed with a real key whatever the header says.
    static func forged(
        header: String,
        payload: [UInt8] = claims.encoded(),
        by key: SigningKey
    ) throws -> String {
        var bytes: [UInt8] = []
        Base64URL.append(Array(header.utf8), to: &bytes)
        bytes.append(UInt8(ascii: "."))
        Base64URL.append(payload, to: &bytes)
        try key.appendSignature(to: &bytes, ofBytesFrom: 0)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A generator that repeats itself from its seed (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}
