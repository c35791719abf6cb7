import MartletProtocol
import Testing

@testable import MartletCore

/// A client that registered itself, with what it was answered.
struct TestRegistration: Sendable {
    let id: ClientID
    let json: JSONValue
    /// Its registration access token.
    let token: String
    let uri: String
}

extension TestAuthorizationServer {
    func origin(_ address: String = "192.0.2.7") -> Origin {
        Origin(address: address, userAgent: "test")
    }

    func registration(
        _ metadata: JSONValue?,
        authorization: String?,
        from address: String = "192.0.2.7"
    ) -> RegistrationRequest {
        RegistrationRequest(
            metadata: metadata,
            authorization: authorization,
            origin: origin(address)
        )
    }

    func request(_ metadata: JSONValue? = nil, as token: String?) -> RegistrationRequest {
        registration(metadata, authorization: token.map { "Bearer \($0)" })
    }

    /// Metadata with a redirect URI and keys that are quick to make, where it says nothing else.
    private func completed(_ members: JSONValue) -> JSONObject {
        var object = JSONObject()
        object["redirect_uris"] = ["https://app.example.com/callback"]
        object["id_token_signed_response_alg"] = "ES256"
        for member in members.object?.members ?? [] { object[member.name] = member.value }
        return object
    }

    @discardableResult
    func register(
        _ members: JSONValue,
        token: String? = nil,
        from address: String = "192.0.2.7"
    ) async throws -> TestRegistration {
        let made = try await server.register(
            registration(
                .object(completed(members)),
                authorization: token.map { "Bearer \($0)" },
                from: address
            )
        )
        return TestRegistration(
            id: ClientID(rawValue: try #require(made.json["client_id"]?.string)),
            json: made.json,
            token: try #require(made.json["registration_access_token"]?.string),
            uri: try #require(made.json["registration_client_uri"]?.string)
        )
    }

    func information(_ client: TestRegistration) async throws -> JSONValue {
        try await server.clientInformation(client.id, request(as: client.token)).json
    }

    func change(_ client: TestRegistration, _ members: JSONValue) async throws -> JSONValue {
        var object = completed(["client_id": .string(client.id.rawValue)])
        for member in members.object?.members ?? [] { object[member.name] = member.value }
        return try await server.updateRegistration(
            client.id,
            request(.object(object), as: client.token)
        ).json
    }

    func registrationToken(
        uses: Int64 = 1,
        lifetime: Duration = .days(7)
    ) async throws -> String {
        try await server.createRegistrationToken(uses: uses, lifetime: lifetime).text.text
    }

    /// So many clients that registered themselves, all at once.
    func fill(_ count: Int, isUsed: Bool = false) async throws {
        let metadata = try ClientMetadata(selfRegistered: .object(completed([:])))
        let hash = try await server.keyedHash(of: Secret("x"))
        let clients = (0..<count).map { number in
            Client(
                id: ClientID(rawValue: "filling-\(number)"),
                metadata: metadata,
                secret: nil,
                createdAt: now,
                managedBy: .registration,
                registration: SelfRegistration(
                    accessToken: hash,
                    initialToken: nil,
                    isUsed: isUsed
                )
            )
        }
        try await storage.save(
            clients.map { .create($0, epoch: server.newEpoch(nil)) },
            events: []
        )
    }

    /// The same client, allowed to sign people in with their password, for tests without a browser.
    func passwordClient(registered client: TestRegistration) async throws -> TestClient {
        let metadata: JSONValue = ["grant_types": ["password", "refresh_token"]]
        let stored = try await server.client(client.id)
        var changed = stored.value
        changed.metadata = try ClientMetadata(json: metadata)
        try await storage.save([.update(stored, to: changed)], events: [])
        return TestClient(
            id: client.id,
            secret: client.json["client_secret"]?.string,
            metadata: metadata.object ?? JSONObject()
        )
    }
}
