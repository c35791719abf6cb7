package import MartletProtocol

/// What is stored of a client secret.
package enum ClientSecretHash: Sendable, Equatable {
    /// HMAC-SHA256 under the derived key of this id: for secrets that Martlet made, whose 256 bits
    /// nobody guesses, so that a token request does not pay for a slow hash.
    case keyed(ClientSecretKeyID, [UInt8])
    /// Argon2id: for secrets that a person chose.
    case slow(PasswordHash)

    /// The hash of a secret that Martlet made.
    package static func keyed(
        _ secret: Secret,
        with key: AuthenticationKey,
        id: ClientSecretKeyID
    ) -> ClientSecretHash {
        .keyed(id, key.code(of: secret.bytes))
    }

    /// A new secret: `mcs_` and 256 random bits.
    package static func makeSecret(in surroundings: Surroundings) -> Secret {
        Secret("mcs_" + Base64URL.encode(surroundings.randomBytes(32)))
    }
}

extension ClientSecretHash {
    package var body: JSONValue {
        switch self {
        case .keyed(let id, let code):
            [
                "key": .integer(Int64(id.value)),
                "code": .string(Base64URL.encode(code)),
            ]
        case .slow(let hash): ["argon2": .string(hash.encoded)]
        }
    }

    package init(body: JSONValue) throws(StorageError) {
        if let encoded = body.object?["argon2"]?.string {
            self = .slow(PasswordHash(encoded: encoded))
        } else if let key = body.object?["key"]?.integer, let id = UInt8(exactly: key),
            let code = body.object?["code"]?.string.flatMap(Base64URL.decode)
        {
            self = .keyed(ClientSecretKeyID(id), code)
        } else {
            throw .corrupt("a client secret's hash is not one")
        }
    }
}

/// Which derived key a client secret's code was made with.
package struct ClientSecretKeyID: Sendable, Hashable {
    package let value: UInt8

    package init(_ value: UInt8) {
        self.value = value
    }
}
