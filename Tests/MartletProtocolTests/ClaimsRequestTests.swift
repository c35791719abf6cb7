import MartletProtocol
import Testing

@Suite("The claims parameter")
struct ClaimsRequestTests {
    @Test(
        "the example of OpenID Connect Core 5.5 is read as it is meant",
        .covers("OIDC Core §5.5 claims-parameter"),
        .covers("OIDC Core §5.5 claims-parameter")
    )
    func example() throws {
        let request = try ClaimsRequest(
            parsing: #"""
                {"userinfo":
                  {"given_name": {"essential": true}, "nickname": null,
                   "email": {"essential": true}, "picture": null,
                   "http://example.info/claims/groups": null},
                 "id_token":
                  {"auth_time": {"essential": true},
                   "acr": {"values": ["urn:mace:incommon:iap:silver"]}}}
                """#
        )
        #expect(request.userInfo.count == 5)
        #expect(request.userInfo["given_name"] == .init(isEssential: true))
        #expect(request.userInfo["nickname"] == .init())
        #expect(request.userInfo["name"] == nil)
        #expect(request.idToken["auth_time"]?.isEssential == true)
        #expect(request.idToken["acr"]?.values == ["urn:mace:incommon:iap:silver"])
        #expect(request.idToken["acr"]?.isEssential == false)
    }

    @Test(
        "what is written for keeping is read back as it was",
        arguments: [
            #"{}"#,
            #"{"id_token":{"sub":{"value":"248289761001"}}}"#,
            #"{"id_token":{"email":null,"acr":{"essential":true,"values":["a","b"]}}}"#,
            #"{"id_token":{"x":{"value":{"a":[1,true]}}},"userinfo":{"address":null,"name":null}}"#,
        ]
    )
    func roundTrip(text: String) throws {
        let request = try ClaimsRequest(parsing: text)
        #expect(try ClaimsRequest(json: request.json) == request)
        #expect(try ClaimsRequest(json: request.json).json == request.json)
        #expect(request.isEmpty == (text == "{}"))
    }

    @Test(
        "members that the standard does not define are ignored",
        .covers("OIDC Core §5.5 unknown-ignored"),
        .covers("OIDC Core §5.5 unknown-ignored")
    )
    func unknownMembers() throws {
        let request = try ClaimsRequest(
            parsing:
                #"{"id_token":{"acr":{"purpose":"x","max_age":1}},"verified":[1],"userinfo":null}"#
        )
        #expect(request == ClaimsRequest(idToken: ["acr": .init()]))
    }

    @Test(
        "what is no claims request is an invalid request",
        arguments: [
            "", "null", "true", "[]", "\"{}\"", "{", "{}x", "{\"id_token\":[]}",
            "{\"id_token\":\"acr\"}", "{\"userinfo\":1}", "{\"userinfo\":{\"name\":true}}",
            "{\"userinfo\":{\"name\":\"Ada\"}}", "{\"id_token\":{\"acr\":{\"essential\":1}}}",
            "{\"id_token\":{\"acr\":{\"essential\":null}}}",
            "{\"id_token\":{\"acr\":{\"values\":\"a\"}}}",
            "{\"id_token\":{\"acr\":{\"values\":{}}}}",
            "{\"id_token\":{\"acr\":null,\"acr\":{\"essential\":true}}}",
            "{\"id_token\":{},\"id_token\":{}}", "{\"id_token\":{\"\u{D}\":null}}",
            String(repeating: "[", count: 4000),
            "{\"id_token\":" + String(repeating: "{\"a\":", count: 1000),
            "{\"id_token\":{\"e\u{301}\":null,\"\u{E9}\":null}}",
        ]
    )
    func malformed(text: String) {
        let error = #expect(throws: OAuthError.self) { try ClaimsRequest(parsing: text) }
        #expect(error?.code == .invalidRequest)
    }

    @Test("bounds hold for the length, the claims and the values of one")
    func bounds() throws {
        func claims(_ count: Int) -> String {
            (0..<count).map { "\"c\($0)\":null" }.joined(separator: ",")
        }
        func values(_ count: Int) -> String {
            (0..<count).map { "\($0)" }.joined(separator: ",")
        }
        #expect(throws: Never.self) {
            try ClaimsRequest(parsing: "{\"userinfo\":{\(claims(100))}}")
        }
        #expect(throws: OAuthError.self) {
            try ClaimsRequest(parsing: "{\"userinfo\":{\(claims(101))}}")
        }
        #expect(throws: Never.self) {
            try ClaimsRequest(parsing: "{\"id_token\":{\"acr\":{\"values\":[\(values(20))]}}}")
        }
        #expect(throws: OAuthError.self) {
            try ClaimsRequest(parsing: "{\"id_token\":{\"acr\":{\"values\":[\(values(21))]}}}")
        }
        let padding = String(repeating: " ", count: ClaimsRequest.maximumLength - 2)
        #expect(throws: Never.self) { try ClaimsRequest(parsing: "{}" + padding) }
        #expect(throws: OAuthError.self) { try ClaimsRequest(parsing: "{}" + padding + " ") }
    }

    @Test(
        "a value is accepted if it is the one, or one of those, that were asked for",
        .covers("OIDC Core §5.5.1 values"),
        .covers("OIDC Core §5.5.1 values")
    )
    func values() {
        #expect(ClaimsRequest.Claim().accepts("anything"))
        #expect(ClaimsRequest.Claim(value: "a").accepts("a"))
        #expect(!ClaimsRequest.Claim(value: "a").accepts("b"))
        #expect(ClaimsRequest.Claim(values: ["a", "b"]).accepts("b"))
        #expect(!ClaimsRequest.Claim(values: ["a", "b"]).accepts("c"))
        #expect(!ClaimsRequest.Claim(value: "a", values: ["b"]).accepts("a"))
        #expect(!ClaimsRequest.Claim(value: "e\u{301}").accepts("\u{E9}"))
        #expect(!ClaimsRequest.Claim(value: 1).accepts("1"))
    }
}
