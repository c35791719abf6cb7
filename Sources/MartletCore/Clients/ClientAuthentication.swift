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
        from origin: Origin,
        in snapshot: Snapshot
    ) async throws -> (Client, RotationPolicy.Proof) {
        let client = try await snapshot.client(presented.id)?.value
        switch (presented, client?.secret) {
        case (.identified, nil):
            if let client { return (client, .none) }
        case (.secret(_, let secret), let hash?):
            if let client,
                try await secrets.verify(
                    secret,
                    of: presented.id,
                    against: hash,
                    keys: snapshot.keys,
                    at: origin.address,
                    surroundings.now()
                )
            {
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

    /// Apart from the users' passwords, so that guessing at secrets does not keep people from
    /// signing in.
    private let hasher = PasswordHasher(atOnce: 1)
    private let attempts: AttemptLimiter
    private let memoryKey: AuthenticationKey
    /// Chosen secrets that were verified slowly before, as codes under a key that this process
    /// alone has, so that only the first request pays for Argon2.
    private let verified = BoundedCache<String, [UInt8]>(capacity: remembered)

    init(attempts: Int, loopback: AttemptLimiter.Loopback, memoryKey: [UInt8]) {
        self.attempts = AttemptLimiter(attempts: attempts, loopback: loopback)
        self.memoryKey = AuthenticationKey(SymmetricKey(data: memoryKey))
    }

    /// Of the secrets that are hashed slowly.
    package var load: PasswordHasher.Load { hasher.load }

    static let tooManyAttempts = OAuthError(
        .invalidClient,
        "Too many failed attempts to authenticate the client; try again in a quarter of an hour."
    )

    /// Whether this is the secret. A secret that was verified before is never held up by others'
    /// guesses.
    func verify(
        _ secret: Secret,
        of client: ClientID,
        against hash: ClientSecretHash,
        keys: KeyRing,
        at address: String,
        _ now: Instant
    ) async throws -> Bool {
        switch hash {
        case .keyed: return try await matches(secret, hash, keys: keys)
        case .slow(let slow) where isRemembered(secret, for: slow): return true
        case .slow: break
        }
        let name = client.rawValue
        guard attempts.begin(name: name, address: address, at: now, known: false) else {
            throw Self.tooManyAttempts
        }
        do {
            guard try await matches(secret, hash, keys: keys) else { return false }
        } catch {
            attempts.takeBack(name: name, address: address, at: now, known: false)
            throw error
        }
        attempts.succeeded(name: name, address: address, at: now, known: false)
        return true
    }

    /// Whether this is the secret, for those who need no limit: the operator's own configuration.
    func matches(
        _ secret: Secret,
        _ hash: ClientSecretHash,
        keys: KeyRing
    ) async throws(StorageError) -> Bool {
        switch hash {
        case .keyed(let id, let code):
            guard let key = keys.clientSecretKey(id) else { return false }
            return Secret(key.code(of: secret.bytes)) == Secret(code)
        case .slow(let hash):
            guard try await hasher.verify(secret, against: hash) else { return false }
            verified[hash.encoded] = memoryKey.code(of: secret.bytes)
            return true
        }
    }

    private func isRemembered(_ secret: Secret, for hash: PasswordHash) -> Bool {
        guard let known = verified[hash.encoded] else { return false }
        return Secret(memoryKey.code(of: secret.bytes)) == Secret(known)
    }
}
