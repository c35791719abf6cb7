import MartletProtocol

/// Code that pages and comments of the library show, compiled here.
enum PageCode {
    static func sign() throws -> AccessTokenClaims {
        let key = try SigningKey.generate(for: .es256)
        let signer = JSONWebSignature.Signer(key: key, type: AccessTokenClaims.type)

        let claims = AccessTokenClaims(
            issuer: "https://login.example.com",
            subject: "8Wz4…",
            audience: ["https://api.example.com"],
            clientID: "web",
            issuedAt: 1_790_000_000,
            expiresAt: 1_790_000_600,
            tokenID: "Qm3…",
            scope: "orders:read"
        )
        let token = try signer.sign(claims.encoded())

        let signed = try JSONWebSignature.parse(token)
        try signed.verify(with: key.publicKey)
        let read = try AccessTokenClaims(json: JSONValue(parsing: signed.payload))
        return read
    }

    static func write(send: ([UInt8]) -> Void) {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("token_type", "Bearer")
            writer.member("expires_in", 600)
        }
        send(writer.bytes)
    }

    static func keys(
        at jwksURI: String,
        get: @escaping @Sendable (String) async throws -> [UInt8]
    ) -> FetchedKeySet {
        let keys = FetchedKeySet {
            try JSONWebKeySet(json: JSONValue(parsing: try await get(jwksURI)))
        }
        return keys
    }
}
