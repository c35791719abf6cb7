import Crypto
import Foundation
import JWTKit
import MartletProtocol
import Testing

/// What we sign, JWTKit verifies, and the other way round.
@Suite("Agreement with JWTKit")
struct JWTKitOracleTests {
    private struct Payload: JWTPayload, Equatable {
        var iss: String
        var sub: String
        var aud: String
        var exp: Int64
        var iat: Int64
        var jti: String
        var client_id: String

        func verify(using _: some JWTAlgorithm) async throws {}
    }

    private let payload = Payload(
        iss: "https://login.example.com",
        sub: "account-1",
        aud: "https://api.example.com",
        exp: 1_790_000_600,
        iat: 1_790_000_000,
        jti: "token-1",
        client_id: "web"
    )

    @Test("JWTKit verifies what we sign", arguments: SignatureAlgorithm.allCases)
    func ours(algorithm: MartletProtocol.SignatureAlgorithm) async throws {
        let key = try TestTokens.key(algorithm)
        var writer = JSONWriter()
        JSONWebKeySet([key.publicKey]).write(to: &writer)
        let keys = JWTKeyCollection()
        try await keys.add(jwksJSON: String(decoding: writer.bytes, as: UTF8.self))
        let token = try JSONWebSignature.sign(
            payload: TestTokens.claims.encoded(),
            type: "at+jwt",
            with: key
        )
        let verified = try await keys.verify(token, as: Payload.self)
        #expect(verified == payload)
    }

    private struct IDToken: JWTPayload {
        var iss: IssuerClaim
        var sub: SubjectClaim
        var aud: AudienceClaim
        var exp: ExpirationClaim
        var iat: IssuedAtClaim
        var nonce: String
        var auth_time: Int64

        func verify(using _: some JWTAlgorithm) async throws {
            try aud.verifyIntendedAudience(includes: "web")
            try exp.verifyNotExpired(currentDate: iat.value)
        }
    }

    @Test("JWTKit verifies the ID tokens that we sign", arguments: SignatureAlgorithm.allCases)
    func idTokens(algorithm: MartletProtocol.SignatureAlgorithm) async throws {
        let key = try TestTokens.key(algorithm)
        var writer = JSONWriter()
        JSONWebKeySet([key.publicKey]).write(to: &writer)
        let keys = JWTKeyCollection()
        try await keys.add(jwksJSON: String(decoding: writer.bytes, as: UTF8.self))
        let claims = IDTokenClaimsTests.claims
        let token = try JSONWebSignature.sign(
            payload: claims.encoded(),
            type: IDTokenClaims.type,
            with: key
        )
        let verified = try await keys.verify(token, as: IDToken.self)
        #expect(verified.sub.value == claims.subject)
        #expect(verified.nonce == claims.nonce)
        #expect(verified.auth_time == claims.authenticationTime)
    }

    @Test("we verify what JWTKit signs", arguments: SignatureAlgorithm.allCases)
    func theirs(algorithm: MartletProtocol.SignatureAlgorithm) async throws {
        let key = try TestTokens.key(algorithm)
        let keys = try await keys(holding: key)
        let token = try await keys.sign(payload, header: ["typ": "at+jwt"])
        let signed = try JSONWebSignature.parse(token)
        try signed.verify(with: key.publicKey)
        #expect(signed.header.algorithm == algorithm)
        #expect(signed.header.isType("at+jwt"))
        let claims = try AccessTokenClaims(json: JSONValue(parsing: signed.payload))
        #expect(claims.issuer == payload.iss)
        #expect(claims.expiresAt == payload.exp)
        #expect(claims.clientID == payload.client_id)
    }

    private func keys(holding key: SigningKey) async throws -> JWTKeyCollection {
        let keys = JWTKeyCollection()
        let bytes = Data(key.rawRepresentation)
        switch key.algorithm {
        case .es256:
            let backing = try P256.Signing.PrivateKey(rawRepresentation: bytes)
            await keys.add(ecdsa: try ES256PrivateKey(backing: backing))
        case .edDSA:
            let backing = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
            await keys.add(eddsa: EdDSA.PrivateKey(backing: backing))
        case .rs256:
            let pem = try Insecure.RSA.PrivateKey(pem: rsaPEM(bytes))
            await keys.add(rsa: pem, digestAlgorithm: .sha256)
        case .ps256:
            let pem = try Insecure.RSA.PrivateKey(pem: rsaPEM(bytes))
            await keys.add(pss: pem, digestAlgorithm: .sha256)
        }
        return keys
    }

    private func rsaPEM(_ der: Data) -> String {
        let lines = der.base64EncodedString(options: [
            .lineLength64Characters, .endLineWithLineFeed,
        ])
        return "-----BEGIN RSA PRIVATE KEY-----\n\(lines)\n-----END RSA PRIVATE KEY-----\n"
    }
}
