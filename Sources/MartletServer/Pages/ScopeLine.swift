/// One thing that an app asks for, or has.
struct ScopeLine: Sendable {
    /// The scope itself: `photos:read`.
    let name: String
    /// What it allows, in the words of the API; nil if nobody described it, or if it is one of
    /// OpenID Connect's, which the page describes in the reader's language.
    let sentence: String?
    /// Whether it was not allowed before.
    let isNew: Bool

    init(name: String, sentence: String? = nil, isNew: Bool = false) {
        self.name = name
        self.sentence = sentence
        self.isNew = isNew
    }
}

extension ScopeLine {
    func content(in texts: Texts) -> PageContent {
        var content: PageContent = ["isNew": isNew]
        if let known = Self.standard[name] {
            content["scopeSentence"] = texts[known]
        } else if let sentence {
            content["scopeSentence"] = sentence.shown(atMost: 200)
        } else {
            content["scopeName"] = name.shown()
        }
        return content
    }

    /// OIDC Core §5.4 and §11.
    private static let standard: [String: MessageKey] = [
        "openid": .scopeOpenID, "profile": .scopeProfile, "email": .scopeEmail,
        "address": .scopeAddress, "phone": .scopePhone, "offline_access": .scopeOfflineAccess,
    ]
}
