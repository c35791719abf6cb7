import Crypto
import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What an access token is for, with openid")
struct AccessTokenTargetTests {
    static let issuer = "https://login.example.com"
    static let api = ResourceID(rawValue: "https://api.example.com")

    private func target(
        _ granted: String,
        asking scope: String? = nil,
        resources: [ResourceID] = [api],
        naming resource: ResourceID? = nil
    ) throws -> AccessTokenTarget {
        let api = Resource(
            id: Self.api,
            scope: try Scope(valid: "read email"),
            signingAlgorithm: .edDSA,
            idleLifetime: nil,
            absoluteLifetime: nil,
            introspectionID: ClientID(rawValue: "api"),
            secret: .keyed(
                Secret("x"),
                with: AuthenticationKey(SymmetricKey(size: .bits256)),
                id: ClientSecretKeyID(1)
            ),
            managedBy: .operator
        )
        return try AccessTokenRequest(
            granted: try Scope(valid: granted),
            grantedResources: resources,
            scope: try scope.map { try Scope(valid: $0) },
            resource: resource
        ).target(among: [Self.api: api], issuer: Self.issuer)
    }

    @Test(
        "with openid it is for the API and for UserInfo, and keeps the scopes of both",
        .covers("RFC 9068 §3 audience"),
        arguments: [
            ("openid read", "openid read"),
            (
                "openid profile email address phone offline_access read write",
                "openid profile email address phone offline_access read"
            ),
            ("openid", "openid"), ("openid offline_access", "openid offline_access"),
        ]
    )
    func both(granted: String, left: String) throws {
        let target = try target(granted)
        #expect(target.audience == [Self.api.rawValue, Self.issuer])
        #expect(target.resource == Self.api)
        #expect(target.scope.description == left)
        #expect(target.algorithm == .edDSA)
    }

    @Test(
        "without openid it is for the API alone, whose scopes alone are left",
        .covers("RFC 9068 §3 one-meaning", "RFC 8707 §2.2 scope-of-resource"),
        arguments: [
            ("read profile offline_access", nil, "read"), ("read email", nil, "read email"),
            ("openid profile read", "read profile", "read"),
        ] as [(String, String?, String)]
    )
    func apiAlone(granted: String, asked: String?, left: String) throws {
        let target = try target(granted, asking: asked)
        #expect(target.audience == [Self.api.rawValue])
        #expect(target.scope.description == left)
    }

    @Test("with no API it is for the issuer alone")
    func issuerAlone() throws {
        for named in [nil, ResourceID(rawValue: Self.issuer)] {
            let target = try target("openid profile read", resources: [], naming: named)
            #expect(target.audience == [Self.issuer])
            #expect(target.resource == nil)
            #expect(target.scope.description == "openid profile read")
        }
    }

    @Test(
        "scopes of which the API defines none are refused, openid beside them or not",
        arguments: ["write", "openid write", "openid profile write admin", "profile"]
    )
    func nothingLeft(granted: String) {
        let error = #expect(throws: OAuthError.self) { try target(granted) }
        #expect(error?.code == .invalidScope)
    }
}
