import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

/// The table of `AuthorizationDecision.swift`, row by row: what is still missing before a client
/// gets its code.
@Suite("What an authorization request still needs")
struct AuthorizationDecisionTests {
    static let now = ManualClock.start

    /// A request of a client that the operator knows.
    static func request(
        prompt: Set<Prompt> = [],
        maxAge: Duration? = nil,
        hint: String? = nil,
        classes: [String]? = nil,
        scope: String = "openid",
        redirect: String = "https://app.example.com/callback",
        skipConsent: Bool = false,
        managedBy: ManagedBy = .operator
    ) throws -> AuthorizationRequest {
        let uri = try RedirectURI(registering: redirect)
        var metadata = JSONObject()
        metadata["redirect_uris"] = [.string(redirect)]
        metadata["grant_types"] = ["authorization_code"]
        if uri.isPrivateScheme { metadata["application_type"] = "native" }
        if skipConsent { metadata["skip_consent"] = true }
        let client = Client(
            id: ClientID(rawValue: "app"),
            metadata: try ClientMetadata(json: .object(metadata)),
            secret: nil,
            createdAt: now,
            managedBy: managedBy
        )
        return AuthorizationRequest(
            client: Stored(value: client, version: 1, epoch: nil),
            redirect: ProvenRedirect(
                uri: redirect,
                registered: uri,
                wasSent: true,
                mode: .query,
                state: nil
            ),
            scope: try Scope(valid: scope),
            resources: [],
            nonce: nil,
            challenge: nil,
            prompt: prompt,
            maxAge: maxAge,
            loginHint: nil,
            wantedSubjects: hint.map { .only($0) } ?? .anybody,
            requiredContextClasses: classes,
            claims: nil,
            uiLocales: nil
        )
    }

    static func person(
        signedInAgo age: Duration = .seconds(60),
        consented scope: String? = "openid"
    ) throws -> AuthorizationDecision.Person {
        let id = AccountID(rawValue: "ada")
        return AuthorizationDecision.Person(
            subject: "ada",
            authentication: .password(at: now - age),
            consent: try scope.map {
                Consent(
                    account: id,
                    client: ClientID(rawValue: "app"),
                    scope: try Scope(valid: $0)
                )
            }
        )
    }

    static func interaction(
        signedIn: Bool = false,
        chose: Bool = false,
        consents: Bool? = nil
    ) -> AuthorizationDecision.Interaction {
        var interaction = AuthorizationDecision.Interaction()
        interaction.hasSignedIn = signedIn
        interaction.hasChosenAccount = chose
        interaction.consents = consents
        return interaction
    }

    private func decide(
        _ request: AuthorizationRequest,
        _ person: AuthorizationDecision.Person?,
        _ interaction: AuthorizationDecision.Interaction = interaction()
    ) -> AuthorizationDecision {
        request.decision(for: person, after: interaction, at: Self.now)
    }

    private func refusal(_ decision: AuthorizationDecision) -> OAuthError.Code? {
        guard case .refuse(let error) = decision else { return nil }
        return error.code
    }

    @Test(
        "a person who is signed in and has consented is asked nothing",
        .covers("OIDC Core §3.1.2.4 consent")
    )
    func granted() throws {
        #expect(decide(try Self.request(), try Self.person()) == .grant)
        #expect(decide(try Self.request(prompt: [.none]), try Self.person()) == .grant)
    }

    @Test(
        "nobody signed in: sign in, or login_required where no page may show",
        .covers("OIDC Core §3.1.2.6 login-required", "RFC 6749 §3.1 authenticates-owner")
    )
    func notSignedIn() throws {
        #expect(decide(try Self.request(), nil) == .signIn(.notSignedIn))
        #expect(refusal(decide(try Self.request(prompt: [.none]), nil)) == .loginRequired)
    }

    @Test(
        "prompt=login asks for the password until it was given for this request",
        .covers("OIDC Core §3.1.2.1 prompt-login")
    )
    func promptLogin() throws {
        let request = try Self.request(prompt: [.login])
        let person = try Self.person(signedInAgo: .zero)
        #expect(decide(request, person) == .signIn(.again))
        #expect(decide(request, person, Self.interaction(signedIn: true)) == .grant)
    }

    @Test(
        "an authentication older than max_age is done again, to the second",
        .covers("OIDC Core §3.1.2.1 max-age"),
        arguments: [(300, 300, false), (300, 301, true), (0, 0, false), (0, 1, true)]
    )
    func maxAge(limit: Int64, age: Int64, again: Bool) throws {
        let request = try Self.request(maxAge: .seconds(limit))
        let person = try Self.person(signedInAgo: .seconds(age))
        #expect(decide(request, person) == (again ? .signIn(.again) : .grant))
        #expect(decide(request, person, Self.interaction(signedIn: true)) == .grant)
        let silent = try Self.request(prompt: [.none], maxAge: .seconds(limit))
        #expect(refusal(decide(silent, person)) == (again ? .loginRequired : nil))
    }

    @Test(
        "a hint at somebody else asks for them, and never answers with who came instead",
        .covers("OIDC Core §3.1.2.1 id-token-hint")
    )
    func hint() throws {
        let person = try Self.person()
        #expect(decide(try Self.request(hint: "ada"), person) == .grant)
        let other = try Self.request(hint: "eve")
        #expect(decide(other, person) == .signIn(.somebodyElse))
        let signedIn = Self.interaction(signedIn: true)
        #expect(refusal(decide(other, person, signedIn)) == .loginRequired)
        let silent = try Self.request(prompt: [.none], hint: "eve")
        #expect(refusal(decide(silent, person)) == .loginRequired)
    }

    @Test(
        "prompt=select_account lets the person choose, once",
        .covers("OIDC Core §3.1.2.1 prompt-select-account")
    )
    func selectAccount() throws {
        let request = try Self.request(prompt: [.selectAccount])
        let person = try Self.person()
        #expect(decide(request, person) == .selectAccount)
        #expect(decide(request, person, Self.interaction(chose: true)) == .grant)
        #expect(decide(request, person, Self.interaction(signedIn: true)) == .grant)
    }

    @Test(
        "what was not consented to is asked for, or consent_required where no page may show",
        .covers(
            "OIDC Core §3.1.2.6 consent-required",
            "OIDC Core §11 asks-consent",
            "OIDC Core §3.1.2.1 prompt-none"
        ),
        arguments: [nil, "", "profile"] as [String?]
    )
    func consent(remembered: String?) throws {
        let person = try Self.person(consented: remembered)
        for scope in ["openid", "offline_access", "openid profile offline_access"] {
            let request = try Self.request(scope: scope)
            #expect(decide(request, person) == .askConsent)
            let silent = try Self.request(prompt: [.none], scope: scope)
            #expect(refusal(decide(silent, person)) == .consentRequired)
            #expect(decide(request, person, Self.interaction(consents: true)) == .grant)
            let no = decide(request, person, Self.interaction(consents: false))
            #expect(refusal(no) == .accessDenied)
        }
    }

    @Test(
        "prompt=consent asks again for what was allowed before",
        .covers("OIDC Core §3.1.2.1 prompt-consent")
    )
    func promptConsent() throws {
        let request = try Self.request(prompt: [.consent])
        #expect(decide(request, try Self.person()) == .askConsent)
        #expect(
            decide(request, try Self.person(), Self.interaction(consents: true)) == .grant
        )
        let first = try Self.request(prompt: [.consent], skipConsent: true)
        #expect(decide(first, try Self.person()) == .askConsent)
    }

    @Test("skip_consent asks nobody for a client of the operator's own")
    func skipConsent() throws {
        let request = try Self.request(scope: "openid offline_access", skipConsent: true)
        #expect(decide(request, try Self.person(consented: nil)) == .grant)
    }

    @Test(
        "a client that any app could pretend to be is consented to each time",
        .covers("RFC 8252 §8.6 no-silent-consent", "RFC 6749 §10.2 repeated-consent"),
        arguments: [
            "http://127.0.0.1/callback", "http://[::1]/callback", "com.example.app:/callback",
        ]
    )
    func nativeApps(redirect: String) throws {
        for skip in [false, true] {
            let request = try Self.request(redirect: redirect, skipConsent: skip)
            #expect(decide(request, try Self.person()) == .askConsent)
            let silent = try Self.request(
                prompt: [.none],
                redirect: redirect,
                skipConsent: skip
            )
            #expect(refusal(decide(silent, try Self.person())) == .consentRequired)
        }
    }

    @Test("a client that registered itself is consented to each time")
    func selfRegistered() throws {
        let request = try Self.request(managedBy: .registration)
        #expect(decide(request, try Self.person()) == .askConsent)
        #expect(
            decide(request, try Self.person(), Self.interaction(consents: true)) == .grant
        )
    }

    @Test(
        "a class of authentication that is not to be had is refused before anybody is asked",
        .covers("OIDC Core §5.5.1.1 essential-acr")
    )
    func essentialContextClass() throws {
        let request = try Self.request(classes: ["urn:example:hardware"])
        for person in [nil, try Self.person()] {
            #expect(refusal(decide(request, person)) == .unmetAuthenticationRequirements)
        }
        let own = try Self.request(classes: ["x", AuthenticationName.passwordContextClass])
        #expect(decide(own, try Self.person()) == .grant)
    }
}
