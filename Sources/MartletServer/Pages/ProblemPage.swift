import HTTPTypes

/// Says what went wrong, in a sentence, and offers a way on.
struct ProblemPage: Page {
    enum Problem: Sendable, CaseIterable {
        /// Nothing is here.
        case notFound
        /// The app's request cannot be answered to the app: its client or redirect URI is unknown.
        case badRequest
        /// The form was open for too long, was sent twice, or is another browser's.
        case formExpired
        /// The browser did not bring the cookie back that the form was given with.
        case cookiesMissing
        /// The link has been used, or is too old.
        case linkExpired
        case tooManyRequests
        /// The store is busy or away; it is worth trying again.
        case unavailable
        case unexpected
    }

    /// A way on.
    enum Way: Sendable {
        /// To the beginning of what the person was doing: a local path with query.
        case again(path: String)
        case account
        /// Back to the app, whose own page this is (`client_uri`): https only.
        case app(name: String, uri: String)
        /// There is none but to close the window or go back.
        case none
    }

    let problem: Problem
    /// For whoever builds the app: one of our own sentences (RFC 6749's error_description).
    let detail: String?
    let way: Way
}

extension ProblemPage {
    var template: PageTemplate { .problem }

    var status: HTTPResponse.Status {
        switch problem {
        case .notFound: .notFound
        case .badRequest, .formExpired, .cookiesMissing, .linkExpired: .badRequest
        case .tooManyRequests: .tooManyRequests
        case .unavailable: .serviceUnavailable
        case .unexpected: .internalServerError
        }
    }

    func title(in texts: Texts) -> String { texts[problem.messages.title] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = [
            "heading": title(in: texts), "sentence": texts[problem.messages.sentence],
        ]
        content["detail"] = detail
        switch way {
        case .again(let path): content["again"] = path
        case .account: content["account"] = surroundings.path(.account)
        case .app(let name, let uri):
            content["app"] = uri.asLink.map { uri -> PageContent in
                ["uri": uri, "parts": texts.sentence(.backToApp, ["client": name.shown()])]
            }
        case .none: break
        }
        return content
    }
}

extension ProblemPage.Problem {
    fileprivate var messages: (title: MessageKey, sentence: MessageKey) {
        switch self {
        case .notFound: (.notFoundTitle, .notFound)
        case .badRequest: (.badRequestTitle, .badRequest)
        case .formExpired: (.formExpiredTitle, .formExpired)
        case .cookiesMissing: (.cookiesMissingTitle, .cookiesMissing)
        case .linkExpired: (.linkExpiredTitle, .linkExpired)
        case .tooManyRequests: (.tooManyRequestsTitle, .tooManyRequests)
        case .unavailable: (.unavailableTitle, .unavailable)
        case .unexpected: (.unexpectedTitle, .unexpected)
        }
    }
}
