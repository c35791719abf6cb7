import MartletProtocol
import Testing

@testable import MartletCore

/// A client as it knows itself, with the secret that it was given once.
struct TestClient: Sendable {
    let id: ClientID
    let secret: String?
    /// What it registered, to change a member of it.
    let metadata: JSONObject

    /// The same client with another secret.
    func with(secret: String?) -> TestClient {
        TestClient(id: id, secret: secret, metadata: metadata)
    }

    /// Its metadata with a member changed, or taken away.
    func metadata(_ name: String, _ value: JSONValue?) -> JSONValue {
        var changed = metadata
        changed[name] = value
        return .object(changed)
    }
}

extension TestAuthorizationServer {
    /// Registers a client that may do everything, unless the test says otherwise.
    func client(
        grants: [GrantType] = [.password, .refreshToken],
        method: ClientAuthenticationMethod = .clientSecretBasic,
        scope: String = "read write",
        policy: JSONValue? = nil,
        accessTokenLifetime: Int64? = nil,
        resources: [String] = [],
        redirectURIs: [String] = [],
        members: KeyValuePairs<String, JSONValue> = [:]
    ) async throws -> TestClient {
        var metadata = JSONObject()
        metadata["grant_types"] = .array(grants.map { .string($0.rawValue) })
        if !redirectURIs.isEmpty {
            metadata["redirect_uris"] = .array(redirectURIs.map { .string($0) })
        }
        if grants.contains(.authorizationCode) || grants.contains(.deviceCode)
            || scope.contains(ScopeName.openID)
        {
            // An RSA key for each test would take most of its time.
            metadata["id_token_signed_response_alg"] = "ES256"
        }
        metadata["token_endpoint_auth_method"] = .string(method.rawValue)
        if grants.contains(.authorizationCode), redirectURIs.isEmpty {
            metadata["redirect_uris"] = [.string(Self.callback)]
        }
        metadata["scope"] = .string(scope)
        metadata["refresh_token_policy"] = policy
        metadata["access_token_lifetime"] = accessTokenLifetime.map { .integer($0) }
        metadata["allowed_resources"] = .array(resources.map { .string($0) })
        for (name, value) in members { metadata[name] = value }
        let made = try await server.createClient(metadata: .object(metadata))
        return TestClient(id: made.client.id, secret: made.secret?.text, metadata: metadata)
    }

    /// Registers an API, and gives what it introspects with.
    func resource(
        _ identifier: String,
        scope: String = "read write",
        idleLifetime: Duration? = nil,
        absoluteLifetime: Duration? = nil
    ) async throws -> TestClient {
        let made = try await server.createResource(
            identifier,
            .init(
                scope: try Scope(valid: scope),
                idleLifetime: idleLifetime,
                absoluteLifetime: absoluteLifetime
            )
        )
        return TestClient(
            id: made.resource.introspectionID,
            secret: made.secret?.text,
            metadata: JSONObject()
        )
    }

    static let password = "correct horse"

    /// An account that signs in with ``password``, made without paying for another hash.
    @discardableResult
    func account(
        _ username: String = "ada",
        email: String? = nil,
        profile: JSONObject = JSONObject()
    ) async throws -> Account {
        let account = Account(
            id: AccountID(rawValue: "account-of-\(username)"),
            username: username,
            email: email,
            profile: profile,
            password: try await SharedPassword.hash.value,
            disabledAt: nil,
            createdAt: now,
            updatedAt: now,
            managedBy: .operator
        )
        try await storage.save([.create(account, epoch: server.newEpoch(nil))], events: [])
        return account
    }
}

/// The hash of the tests' password, computed once.
private enum SharedPassword {
    static let hash = Task {
        try await PasswordHasher().hash(
            Secret(TestAuthorizationServer.password),
            salt: [UInt8](repeating: 3, count: PasswordHasher.saltLength)
        )
    }
}

extension Secret {
    /// The secret as a person sees it, the one time that it is shown.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Scope {
    /// A scope that the test knows to be one.
    init(valid text: String) throws {
        let scope: Scope? = Scope(text)
        self = try #require(scope)
    }
}
