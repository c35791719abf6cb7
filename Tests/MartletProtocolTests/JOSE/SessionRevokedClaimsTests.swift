import MartletProtocol
import Testing

@Suite("Security event tokens that tell of ended sessions")
struct SessionRevokedClaimsTests {
    private static let issuer = "https://login.example.com"

    private static func claims(
        _ subject: SessionRevokedClaims.Subject,
        tokensExpireAt: Int64? = 1_790_000_600
    ) -> SessionRevokedClaims {
        SessionRevokedClaims(
            issuer: issuer,
            audience: ["https://api.example.com"],
            issuedAt: 1_790_000_001,
            tokenID: "7.1790000000000000.0",
            subject: subject,
            endedAt: 1_790_000_000,
            tokensExpireAt: tokensExpireAt
        )
    }

    /// Each subject as the standards write it.
    static let subjects: [(SessionRevokedClaims.Subject, String)] = [
        (
            .session("0h7k"),
            #"{"format":"complex","session":{"format":"opaque","id":"0h7k"}}"#
        ),
        (
            .person("ada"),
            #"{"format":"iss_sub","iss":"https://login.example.com","sub":"ada"}"#
        ),
        (
            .personAtClient("ada", clientID: "web"),
            #"{"format":"complex","user":{"format":"iss_sub","iss":"https://login.example.com","#
                + #""sub":"ada"},"application":{"format":"opaque","id":"web"}}"#
        ),
        (
            .client("web"),
            #"{"format":"complex","application":{"format":"opaque","id":"web"}}"#
        ),
        (
            .accessToken("t1"),
            #"{"format":"jwt_id","iss":"https://login.example.com","jti":"t1"}"#
        ),
        (
            .everything,
            #"{"format":"complex","tenant":{"format":"uri","uri":"https://login.example.com"}}"#
        ),
    ]

    @Test(
        "each subject is written as SSF has it, and read back",
        .covers("RFC 8417 §2.2 required", "RFC 8417 §2.2 audience", "RFC 8417 §2.2 subject"),
        arguments: subjects
    )
    func subject(subject: SessionRevokedClaims.Subject, json: String) throws {
        let claims = Self.claims(subject)
        let text = String(decoding: claims.encoded(), as: UTF8.self)
        #expect(
            text == #"{"iss":"https://login.example.com","jti":"7.1790000000000000.0","#
                + #""iat":1790000001,"aud":"https://api.example.com","sub_id":\#(json),"#
                + #""events":{"https://schemas.openid.net/secevent/caep/event-type/"#
                + #"session-revoked":{"event_timestamp":1790000000,"#
                + #""tokens_expire_at":1790000600}}}"#
        )
        let read = try SessionRevokedClaims.read(JSONValue(parsing: claims.encoded()))
        #expect(read == claims)
    }

    private func changed(_ name: String, _ value: JSONValue?) throws -> JSONValue {
        let claims = Self.claims(.session("0h7k"))
        let json = try JSONValue(parsing: claims.encoded())
        var object = try #require(json.object)
        object[name] = value
        return .object(object)
    }

    @Test(
        "what lacks a claim, or has one of another kind of token, is refused",
        .covers("RFC 8417 §2.2 no-expiry", "RFC 8417 §4.1 not-id-token"),
        arguments: [
            ("iss", nil), ("iat", nil), ("jti", nil), ("aud", nil), ("events", nil),
            ("sub_id", nil), ("sub", "ada"), ("exp", 1_790_000_600), ("events", [:]),
            ("sub_id", "ada"), ("sub_id", ["format": "email", "email": "ada@example.com"]),
            ("sub_id", ["format": "complex"]), ("sub_id", ["format": "opaque"]),
            ("sub_id", ["format": "opaque", "id": ""]),
            ("sub_id", ["format": "iss_sub", "iss": "https://other.example.com", "sub": "a"]),
            ("sub_id", ["format": "jwt_id", "iss": "https://other.example.com", "jti": "a"]),
            ("sub_id", ["format": "complex", "session": ["format": "email"]]),
            (
                "sub_id",
                [
                    "format": "complex", "user": ["format": "opaque", "id": "ada"],
                    "application": ["format": "opaque", "id": "web"],
                ]
            ),
            (
                "sub_id",
                ["format": "complex", "tenant": ["format": "uri", "uri": "https://other.example"]]
            ),
        ] as [(String, JSONValue?)]
    )
    func refused(name: String, value: JSONValue?) throws {
        let json = try changed(name, value)
        #expect(throws: JOSEError.self) { try SessionRevokedClaims.read(json) }
    }

    @Test("another event is no error, and tells of no ended session")
    func otherEvent() throws {
        let event = "https://schemas.openid.net/secevent/caep/event-type/credential-change"
        var events = JSONObject()
        events[event] = [:]
        #expect(try SessionRevokedClaims.read(try changed("events", .object(events))) == nil)
    }

    @Test("without a time of its own, an event happened when its token was issued")
    func noTimestamp() throws {
        var events = JSONObject()
        events[SessionRevokedClaims.event] = [:]
        let read = try SessionRevokedClaims.read(try changed("events", .object(events)))
        #expect(read?.endedAt == 1_790_000_001)
        #expect(read?.tokensExpireAt == nil)
    }

    @Test("an opaque subject is a session, and a session within a complex one is enough")
    func foreignWays() throws {
        let opaque = try changed("sub_id", ["format": "opaque", "id": "s"])
        #expect(try SessionRevokedClaims.read(opaque)?.subject == .session("s"))
        let complex = try changed(
            "sub_id",
            [
                "format": "complex", "session": ["format": "opaque", "id": "s"],
                "user": ["format": "email", "email": "ada@example.com"],
            ]
        )
        #expect(try SessionRevokedClaims.read(complex)?.subject == .session("s"))
    }
}
