import MartletProtocol
import MartletResourceServer
import Testing

@Suite("Asking the issuer about tokens")
struct TokenIntrospectorTests {
    private let issuer = ScriptedIssuer()

    private func introspector(
        _ change: (inout TokenIntrospector.Terms) -> Void = { _ in },
        missingAudience: TokenIntrospector.MissingAudience = .refused,
        keyBoundTokens: AccessTokenVerifier.KeyBoundTokens = .refused
    ) -> TokenIntrospector {
        var terms = TokenIntrospector.Terms()
        change(&terms)
        return TokenIntrospector(
            issuer: Forge.issuer,
            audience: Forge.audience,
            clientID: "orders:api",
            secret: Secret("secret-61"),
            terms: terms,
            missingAudience: missingAudience,
            keyBoundTokens: keyBoundTokens,
            transport: issuer,
            secondsSince1970: issuer.clock
        )
    }

    private var questions: [ScriptedIssuer.Asked] {
        issuer.asked(ScriptedIssuer.introspectionAddress)
    }

    private func answer(_ change: (inout JSONObject) -> Void = { _ in }) throws {
        var object = try #require(try JSONValue(parsing: Forge.claims.encoded()).object)
        object["active"] = true
        object["token_type"] = "Bearer"
        change(&object)
        let json = JSONValue.object(object)
        issuer.answerQuestions(String(decoding: json.encoded(), as: UTF8.self))
    }

    private func code(
        _ introspector: TokenIntrospector,
        _ token: String = "opaque"
    ) async -> AccessTokenError.Code? {
        do {
            _ = try await introspector.judge(token)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("an active token is asked about as this API, and has its claims")
    func active() async throws {
        try answer { $0["acr"] = "urn:example:strong" }
        let token = try await introspector().judge("opaque+/==")
        #expect(token.claims.subject == "account-1")
        #expect(token.claims.scopes == ["orders:read", "orders:write"])
        #expect(token.claims.authenticationContext == "urn:example:strong")
        let question = try #require(questions.first)
        #expect(question.form == "token=opaque%2B%2F%3D%3D&token_type_hint=access_token")
        #expect(
            question.authorization
                == BasicCredentials(clientID: "orders:api", secret: Secret("secret-61"))
                .headerValue.text
        )
    }

    @Test(
        "acr and auth_time of the answer are what a sign-in is judged by",
        .covers("RFC 9470 §6.2 introspection")
    )
    func stepUp() async throws {
        try answer { $0["auth_time"] = .integer(Forge.now - 100) }
        let tokens = AccessTokenGuard(introspector())
        for (age, isEnough) in [(100, true), (99, false)] {
            let decision = await tokens.decide(
                authorization: ["Bearer opaque"],
                requiring: .init(maximumAge: .seconds(age))
            )
            switch decision {
            case .granted: #expect(isEnough)
            case .refused(let error, _):
                #expect(!isEnough)
                #expect(error.code == .insufficientUserAuthentication)
            }
        }
    }

    @Test("one call serves all who come with a token, and the next half minute")
    func shared() async throws {
        try answer()
        let introspector = introspector()
        issuer.hold()
        await withTaskGroup { group in
            for _ in 0..<50 {
                group.addTask { #expect(await code(introspector) == nil) }
            }
            while questions.isEmpty { await Task.yield() }
            issuer.release()
        }
        #expect(questions.count == 1)
        issuer.advance(29)
        #expect(await code(introspector) == nil)
        #expect(questions.count == 1)
        issuer.advance(1)
        #expect(await code(introspector) == nil)
        #expect(questions.count == 2)
    }

    @Test("an answer is believed from when it was asked for, however long it took")
    func slowAnswer() async throws {
        try answer()
        let introspector = introspector()
        issuer.hold()
        async let first = code(introspector)
        while questions.isEmpty { await Task.yield() }
        issuer.advance(20)
        issuer.release()
        #expect(await first == nil)
        issuer.advance(9)
        #expect(await code(introspector) == nil)
        #expect(questions.count == 1)
        issuer.advance(1)
        #expect(await code(introspector) == nil)
        #expect(questions.count == 2)
    }

    @Test("who comes when a call has been under way for longer than answers count, asks anew")
    func lateToACall() async throws {
        try answer()
        let introspector = introspector { $0.activeFor = 5 }
        issuer.hold()
        async let first = code(introspector)
        while questions.isEmpty { await Task.yield() }
        issuer.advance(5)
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { #expect(await code(introspector) == nil) }
            }
            for _ in 0..<1000 { await Task.yield() }
            issuer.release()
        }
        #expect(await first == nil)
        #expect(questions.count == 2)
    }

    @Test("an answer is never believed beyond the token's end")
    func neverBeyondExpiry() async throws {
        try answer { $0["exp"] = .integer(Forge.now + 10) }
        let introspector = introspector()
        #expect(await code(introspector) == nil)
        issuer.advance(9.9)
        #expect(await code(introspector) == nil)
        #expect(questions.count == 1)
        issuer.advance(0.1)
        #expect(await code(introspector) == .invalidToken)
    }

    @Test("a token that is not active is refused, and that is remembered for a minute")
    func inactive() async throws {
        let introspector = introspector()
        for _ in 0..<5 { #expect(await code(introspector) == .invalidToken) }
        #expect(questions.count == 1)
        try answer()
        issuer.advance(59)
        #expect(await code(introspector) == .invalidToken)
        issuer.advance(1)
        #expect(await code(introspector) == nil)
    }

    @Test("tokens that are not active push out no active one")
    func bounded() async throws {
        let introspector = introspector {
            $0.rememberedActive = 4
            $0.rememberedInactive = 4
        }
        try answer()
        #expect(await code(introspector, "good") == nil)
        issuer.answerQuestions(#"{"active":false}"#)
        for number in 0..<100 {
            #expect(await code(introspector, "bad-\(number)") == .invalidToken)
        }
        #expect(await code(introspector, "good") == nil)
        #expect(questions.count == 101)
    }

    @Test("when the issuer is down nothing is granted: 503, and it is not asked each time")
    func down() async throws {
        try answer()
        let introspector = introspector()
        #expect(await code(introspector, "known") == nil)
        issuer.setDown(true)
        for number in 0..<20 {
            #expect(await code(introspector, "new-\(number)") == .introspectionUnavailable)
        }
        #expect(questions.count == 2)
        #expect(await code(introspector, "known") == nil, "the answer is still believed")
        issuer.advance(30)
        #expect(await code(introspector, "known") == .introspectionUnavailable)
        issuer.setDown(false)
        issuer.advance(1)
        #expect(await code(introspector, "known") == nil)
    }

    @Test(
        "an answer that says nothing grants nothing",
        arguments: [
            (500, ""), (503, "{}"), (401, #"{"error":"invalid_client"}"#), (200, "{}"),
            (200, "x"), (200, #"{"active":"true"}"#), (200, #"{"active":1}"#), (204, ""),
            (302, ""), (429, ""), (200, #"{"active":true,"active":true}"#),
        ]
    )
    func nonsense(status: Int, body: String) async {
        issuer.answerQuestions(body, status: status)
        #expect(await code(introspector()) == .introspectionUnavailable)
    }

    @Test("a token that the endpoint chokes on keeps no other from being asked about")
    func oneBadToken() async throws {
        let introspector = introspector()
        issuer.answerQuestions("", status: 400)
        #expect(await code(introspector, "odd") == .introspectionUnavailable)
        try answer()
        #expect(await code(introspector, "good") == nil)
    }

    @Test("a token for another API or of another issuer is refused, and so is a refresh token")
    func notOurs() async throws {
        let changes: [(inout JSONObject) -> Void] = [
            { $0["aud"] = "https://other.example" }, { $0["aud"] = ["a", "b"] },
            { $0["aud"] = 1 }, { $0["aud"] = nil }, { $0["iss"] = "https://evil.example" },
            { $0["iss"] = 1 }, { $0["token_type"] = "refresh_token" },
        ]
        for (number, change) in changes.enumerated() {
            try answer(change)
            #expect(await code(introspector(), "\(number)") == .invalidToken)
        }
    }

    @Test("an answer without an audience is taken only where that is said, and names its kind")
    func missingAudience() async throws {
        try answer { $0["aud"] = nil }
        let trusting = introspector(missingAudience: .accepted)
        let token = try await trusting.judge("opaque")
        #expect(token.claims.audience == [Forge.audience])
        try answer {
            $0["aud"] = nil
            $0["token_type"] = nil
        }
        #expect(await code(trusting, "refresh") == .invalidToken)
    }

    @Test("what an answer leaves out makes nothing better")
    func sparse() async throws {
        issuer.answerQuestions(
            #"{"active":true,"aud":"https://api.example.com","client_id":"batch"}"#
        )
        let token = try await introspector().judge("opaque")
        #expect(token.claims.subject == "batch")
        #expect(token.claims.scopes.isEmpty)
        #expect(token.claims.expiresAt <= Forge.now + 31)
        issuer.answerQuestions(#"{"active":true,"aud":"https://api.example.com"}"#)
        #expect(await code(introspector()) == .introspectionUnavailable)
    }

    @Test("a token that is bound to a key is refused unless the caller checks the proof")
    func keyBound() async throws {
        try answer { $0["cnf"] = ["jkt": "k"] }
        #expect(await code(introspector()) == .invalidToken)
    }

    @Test("an answer of the type DPoP that names no key is refused, whoever checks proofs")
    func keyUnnamed() async throws {
        for keyBoundTokens in [AccessTokenVerifier.KeyBoundTokens.refused, .checkedByCaller] {
            let introspector = introspector(keyBoundTokens: keyBoundTokens)
            for type in ["DPoP", "dpop"] {
                try answer { $0["token_type"] = .string(type) }
                #expect(await code(introspector, type) == .invalidToken)
            }
            try answer {
                $0["token_type"] = "DPoP"
                $0["cnf"] = ["jkt": "k"]
            }
            let isChecked = keyBoundTokens == .checkedByCaller
            #expect(await code(introspector, "bound") == (isChecked ? nil : .invalidToken))
        }
    }

    @Test("so many calls are on their way at a time, and no more")
    func callsAtOnce() async throws {
        try answer()
        let introspector = introspector { $0.callsAtOnce = 2 }
        issuer.hold()
        async let first = code(introspector, "one")
        async let second = code(introspector, "two")
        while questions.count < 2 { await Task.yield() }
        #expect(await code(introspector, "three") == .introspectionUnavailable)
        issuer.release()
        #expect(await first == nil)
        #expect(await second == nil)
        #expect(await code(introspector, "three") == nil)
    }

    @Test("a token that no header line could hold is not asked about")
    func huge() async {
        let token = String(repeating: "a", count: TokenIntrospector.maximumTokenLength + 1)
        #expect(await code(introspector(), token) == .invalidToken)
        #expect(questions.isEmpty)
    }
}
