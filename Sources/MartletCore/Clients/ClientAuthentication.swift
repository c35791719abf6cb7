import Crypto
package import MartletProtocol

/// Who a request says it comes from, as presented and not yet believed (RFC 6749 §2.3).
package enum PresentedClient: Sendable, Equatable {
    /// A client identifier alone: a public client.
    case identified(ClientID)
    case secret(ClientID, Secret)

    /// Reads the `Authorization` header and the body; two methods at once are an error.
    package static func read(
        authorization: String?,
        parameters: FormParameters
    ) throws(OAuthError) -> PresentedClient {
        let id = try parameters.one(WireName.clientID)
        let secret = try parameters.one(WireName.clientSecret)
        guard let authorization else {
            guard let id else {
                throw OAuthError(.invalidClient, "The request names no client.")
            }
            let client = ClientID(rawValue: id)
            return secret.map { .secret(client, Secret($0)) } ?? .identified(client)
        }
        guard secret == nil else {
            throw OAuthError(
                .invalidRequest,
                "The request authenticates the client in two ways; use one."
            )
        }
        guard let basic = BasicCredentials(headerValue: authorization) else {
            throw OAuthError(
                .invalidClient,
                "The Authorization header holds no valid Basic credentials."
            )
        }
        guard id == nil || id == basic.clientID else {
            throw OAuthError(
                .invalidRequest,
                "The request names one client in its header, another in its body."
            )
        }
        return .secret(ClientID(rawValue: basic.clientID), basic.secret)
    }

    package var id: ClientID {
        switch self {
        case .identified(let id), .secret(let id, _): id
        }
    }
}

extension AuthorizationServer {
    static let authenticationFailed = OAuthError(
        .invalidClient,
        "The client is unknown or its authentication failed."
    )

    /// The client that presented itself, believed; and how it proved itself.
    func authenticate(
        _ presented: PresentedClient,
        in snapshot: Snapshot
    ) async throws -> (Client, RotationPolicy.Proof) {
        let client = try await snapshot.client(presented.id)?.value
        switch (presented, client?.secret) {
        case (.identified, nil):
            if let client { return (client, .none) }
        case (.secret(_, let secret), let hash?):
            if let client, try await secrets.verify(secret, against: hash, keys: snapshot.keys) {
                return (client, .clientAuthenticated)
            }
        case (.identified, _?), (.secret, nil): break
        }
        // A refusal must not rest on what is no longer so: the secret may just have been replaced.
        try await snapshot.assertCurrent()
        notice(.clientAuthenticationFailed(presented.id))
        throw Self.authenticationFailed
    }
}

/// Compares presented client secrets with what is stored of them.
package final class ClientSecretVerifier: Sendable {
    static let remembered = 1000

    private let passwords: PasswordHasher
    private let memoryKey: SymmetricKey
    /// Chosen secrets that were verified slowly before, as codes under a key that this process
    /// alone has, so that only the first request pays for Argon2.
    private let verified = BoundedCache<String, [UInt8]>(capacity: remembered)

    init(passwords: PasswordHasher, memoryKey: [UInt8]) {
        self.passwords = passwords
        self.memoryKey = SymmetricKey(data: memoryKey)
    }

    func verify(
        _ secret: Secret,
        against hash: ClientSecretHash,
        keys: KeyRing
    ) async throws -> Bool {
        switch hash {
        case .keyed(let id, let code):
            guard let key = keys.clientSecretKey(id) else { return false }
            return Self.code(of: secret, key: key) == Secret(code)
        case .slow(let hash):
            let code = Self.code(of: secret, key: memoryKey)
            if let known = verified[hash.encoded], code == Secret(known) { return true }
            guard try await passwords.verify(secret, against: hash) else { return false }
            verified[hash.encoded] = code.bytes
            return true
        }
    }

    private static func code(of secret: Secret, key: SymmetricKey) -> Secret {
        Secret(Array(HMAC<SHA256>.authenticationCode(for: secret.bytes, using: key)))
    }
}
