import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Whom an authorization request means")
struct RequestedSubjectTests {
    private func request(
        claims: String?,
        hint: String? = nil,
        scope: String = "openid"
    ) async throws -> AuthorizationRequest {
        let world = try await TestAuthorizationServer()
        let uri = "https://app.example.com/back"
        let client = try await world.client(
            grants: [.authorizationCode],
            scope: "openid read",
            redirectURIs: [uri]
        )
        let stored = try #require(
            try await world.storage.find(Client.self, id: client.id.rawValue).0
        )
        var form = [
            ("response_type", "code"), ("scope", scope),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ]
        if let claims { form.append(("claims", claims)) }
        if let hint { form.append(("id_token_hint", hint)) }
        let text = form.map { "\($0)=\(TestAuthorizationServer.encoded($1))" }
        return try AuthorizationRequest.read(
            try FormParameters(parsing: Array(text.joined(separator: "&").utf8)),
            of: stored,
            redirect: ProvenRedirect(
                uri: uri,
                registered: try #require(stored.value.metadata.redirectURIs.first),
                wasSent: true,
                mode: .query,
                state: nil
            ),
            resources: [:],
            subject: { $0 }
        )
    }

    @Test(
        "the sub that the claims parameter asks for is who the client means",
        .covers("OIDC Core §5.5.1 values"),
        arguments: [
            (nil, nil, .anybody), (#"{"id_token":{"sub":null}}"#, nil, .anybody),
            (#"{"id_token":{"sub":{"value":"ada"}}}"#, nil, .only("ada")),
            (#"{"id_token":{"sub":{"value":"ada"}}}"#, "ada", .only("ada")),
            (#"{"id_token":{"sub":{"value":"ada"}}}"#, "bob", .nobody),
            (#"{"id_token":{"sub":{"value":5}}}"#, nil, .nobody),
            (#"{"id_token":{"sub":{"value":5}}}"#, "ada", .nobody),
            (#"{"userinfo":{"sub":{"value":"ada"}}}"#, nil, .anybody),
            (nil, "bob", .only("bob")),
        ] as [(String?, String?, WantedSubjects)]
    )
    func subject(claims: String?, hint: String?, subject: WantedSubjects) async throws {
        let request = try await request(claims: claims, hint: hint)
        #expect(request.wantedSubjects == subject)
    }

    @Test(
        "a claims parameter that is none is an invalid request, and without openid it says nothing",
        .covers("OIDC Core §5.5 claims-parameter")
    )
    func malformed() async throws {
        for text in ["{", "[]", #"{"id_token":{"acr":1}}"#] {
            let error = await #expect(throws: OAuthError.self) { try await request(claims: text) }
            #expect(error?.code == .invalidRequest)
        }
        let claims = #"{"id_token":{"sub":{"value":"ada"}}}"#
        let plain = try await request(claims: claims, scope: "read")
        #expect(plain.claims == nil)
    }
}
