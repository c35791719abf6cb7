public import MartletProtocol

/// What an app asks for when it sends a person to sign in.
public struct SignInOptions: Sendable {
    /// What is asked for. `openid` brings an ID token; `offline_access` a session that goes on after
    /// the person signs out of the browser.
    public var scope: [String]
    /// Which APIs the tokens are for (RFC 8707), where the server knows more than one.
    public var resources: [String] = []
    /// Whether the person is asked anew: `login`, `consent`, `select_account`, `none`.
    public var prompt: [String] = []
    /// Who will probably sign in.
    public var loginHint: String?
    /// How long ago the sign-in may have been; a longer one is done again.
    public var maximumAge: Duration?
    /// How strong the sign-in should be, the best first (`acr_values`).
    public var authenticationContexts: [String] = []
    /// The languages that the person reads, the best first.
    public var locales: [String] = []

    /// Options for a scope.
    ///
    /// - Parameter scope: What is asked for.
    public init(scope: [String] = [ScopeName.openID, ScopeName.offlineAccess]) {
        self.scope = scope
    }

    /// As parameters of the authorization request (OpenID Connect Core §3.1.2.1).
    var parameters: [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        func add(_ name: String, _ words: [String]) {
            if !words.isEmpty { parameters.append((name, words.joined(separator: " "))) }
        }
        add(WireName.scope, scope)
        for resource in resources { parameters.append((WireName.resource, resource)) }
        add(WireName.prompt, prompt)
        if let loginHint { parameters.append((WireName.loginHint, loginHint)) }
        if let maximumAge {
            parameters.append((WireName.maxAge, "\(max(0, maximumAge.components.seconds))"))
        }
        add(WireName.acrValues, authenticationContexts)
        add(WireName.uiLocales, locales)
        return parameters
    }
}
