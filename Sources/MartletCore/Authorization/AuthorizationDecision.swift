package import MartletProtocol

/// What is still missing before a client gets its code: the rule of OIDC Core §3.1.2.3.
///
/// Read from the top, the first row that fits:
///
/// | the request and the browser | decision |
/// | --- | --- |
/// | it demands a class of authentication that is not to be had here | refuse: `unmet_authentication_requirements` |
/// | `prompt=none`, and somebody would have to be asked | refuse: `login_required`, `consent_required` |
/// | nobody is signed in | sign in |
/// | `prompt=login`, or the authentication is older than `max_age`; not signed in for this request | sign in again |
/// | `id_token_hint` is about somebody else | sign in; signed in for this request as somebody else: refuse, `login_required` |
/// | `prompt=select_account`; no account chosen for this request | select an account |
/// | the person must be asked (``ConsentRule``) and has not answered | ask for consent |
/// | the person said no | refuse: `access_denied` |
/// | otherwise | grant |
package enum AuthorizationDecision: Sendable, Equatable {
    case signIn(SignInReason)
    case selectAccount
    case askConsent
    case refuse(OAuthError)
    case grant

    /// Why the person sees the login page.
    package enum SignInReason: Sendable, Equatable, CaseIterable {
        /// Nobody is signed in.
        case notSignedIn
        /// The client wants the person to authenticate now.
        case again
        /// The client means somebody else than who is signed in.
        case somebodyElse
    }

    /// What is known of the person when it is decided.
    package struct Person: Sendable {
        /// Who is signed in, as this client knows them.
        package let subject: String
        package let authentication: Authentication
        package let consent: Consent?

        package init(subject: String, authentication: Authentication, consent: Consent?) {
            self.subject = subject
            self.authentication = authentication
            self.consent = consent
        }
    }

    /// What the person did for this very request.
    package struct Interaction: Sendable, Equatable {
        package var hasSignedIn = false
        package var hasChosenAccount = false
        /// The answer to the consent page; `nil` before it.
        package var consents: Bool?

        package init() {}
    }
}

extension AuthorizationRequest {
    /// The rule.
    package func decision(
        for person: AuthorizationDecision.Person?,
        after interaction: AuthorizationDecision.Interaction,
        at now: Instant
    ) -> AuthorizationDecision {
        if let required = requiredContextClasses,
            !required.contains(AuthenticationName.passwordContextClass)
        {
            return .refuse(Self.unmet)
        }
        guard let person else {
            return prompt.contains(.none) ? .refuse(Self.loginRequired) : .signIn(.notSignedIn)
        }
        if let reason = reasonToSignIn(person, after: interaction, at: now) {
            let isRefused =
                prompt.contains(.none) || (reason == .somebodyElse && interaction.hasSignedIn)
            return isRefused ? .refuse(Self.loginRequired) : .signIn(reason)
        }
        if prompt.contains(.selectAccount), !interaction.hasSignedIn,
            !interaction.hasChosenAccount
        {
            return .selectAccount
        }
        if interaction.consents == false { return .refuse(.denied) }
        let mustAsk = ConsentRule.mustAsk(
            client.value,
            redirect: redirect.registered,
            scope: scope,
            prompt: prompt,
            remembered: person.consent
        )
        guard mustAsk, interaction.consents == nil else { return .grant }
        return prompt.contains(.none) ? .refuse(Self.consentRequired) : .askConsent
    }

    private func reasonToSignIn(
        _ person: AuthorizationDecision.Person,
        after interaction: AuthorizationDecision.Interaction,
        at now: Instant
    ) -> AuthorizationDecision.SignInReason? {
        if !interaction.hasSignedIn {
            if prompt.contains(.login) { return .again }
            if let maxAge, now - person.authentication.time > maxAge { return .again }
        }
        return wantedSubjects.includes(person.subject) ? nil : .somebodyElse
    }

    private static let unmet = OAuthError(
        .unmetAuthenticationRequirements,
        "This server has no authentication of the class that the request demands."
    )
    private static let loginRequired = OAuthError(
        .loginRequired,
        "The user has to sign in, and the request does not let them."
    )
    private static let consentRequired = OAuthError(
        .consentRequired,
        "The user has to consent, and the request does not let them."
    )
}

extension OAuthError {
    static let denied = OAuthError(.accessDenied, "The user did not allow it.")
}
