/// An app as a page introduces it. These are its own words, and nothing in them is believed: names
/// are shown as text, and links only if they are https.
///
/// There is no picture. An app's logo lies on its own server, which would learn of everybody who
/// reads the page, and could show somebody else's logo; a letter does neither.
struct ClientCard: Sendable {
    let name: String
    /// The app's own page (`client_uri`), of which the host is shown.
    let uri: String?
    /// `tos_uri`.
    let termsOfService: String?
    /// `policy_uri`.
    let privacyPolicy: String?
    let standing: Standing

    /// Who vouches for the app.
    enum Standing: Sendable {
        /// The operator made it.
        case known
        /// It registered itself: the page says so, and shows where the answer goes, if it goes
        /// anywhere.
        case unverified(redirectHost: String?)
    }
}

extension ClientCard {
    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = ["clientName": name.shown(), "clientInitial": name.initial]
        content["clientHost"] = uri?.shownHost
        content["termsOfService"] = termsOfService?.asLink
        content["privacyPolicy"] = privacyPolicy?.asLink
        content["hasLinks"] = termsOfService?.asLink != nil || privacyPolicy?.asLink != nil
        switch standing {
        case .known: content["isUnverified"] = false
        case .unverified(let host):
            let site = surroundings.site.branding.name
            content["isUnverified"] = true
            var sentences = texts.sentence(.unverifiedApp, ["site": site])
            if let host {
                sentences += [["partText": " "]]
                sentences += texts.sentence(.unverifiedRedirect, ["host": host.shown()])
            }
            content["unverified"] = sentences
        }
        return content
    }
}

extension String {
    /// The letter that stands for a name where others show a picture.
    var initial: String {
        let first = shown().first { $0.isLetter || $0.isNumber }
        return first.map { String($0).uppercased() } ?? "•"
    }
}
