import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// `GET` and `POST /oauth/logout`, the end session endpoint (OIDC RP-Initiated Logout 1.0), and
/// `POST /logout`, the form of the page that it shows.
struct LogoutEndpoint {
    static let path = "/oauth/logout"

    let desk: PageDesk

    /// A browser comes from a client.
    func answer(_ visit: PageRequest) async throws -> Response {
        guard visit.request.method == .get || visit.request.method == .head else {
            // A form from another site comes without our cookies; the same as a link with them.
            return desk.go(to: path(FormText.encode(visit.parameters.pairs)))
        }
        return try await answer(to: visit.query, visit, isForm: false)
    }

    /// A browser comes from the page.
    func answerForm(_ visit: PageRequest) async throws -> Response {
        let way = try visit.parameters.one(PageField.continuation) ?? ""
        let start = path("")
        let query = way.hasPrefix(start) ? String(way.dropFirst(start.count)) : ""
        guard visit.request.method == .post else { return desk.go(to: path(query)) }
        return try await answer(to: query, visit, isForm: true)
    }

    private func path(_ query: String) -> String { "\(desk.issuerPath)\(Self.path)?\(query)" }

    private func answer(
        to query: String,
        _ visit: PageRequest,
        isForm: Bool
    ) async throws -> Response {
        guard query.utf8.count <= Continuation.maximumQuery else {
            throw OAuthError(.invalidRequest, "The request is longer than any client needs.")
        }
        let parameters = try FormRequest.parameters(ByteBuffer(string: query))
        let uiLocales = (try? parameters.one(WireName.uiLocales)).flatMap { $0 }
        let first = try await logOut(parameters, visit)
        guard case .ask(let request, let person) = first else {
            return response(first, visit, uiLocales)
        }
        // The answer is to this question: from who is signed in, about this app.
        let purpose = ["logout", person.signIn.id.rawValue, request.client?.id.rawValue ?? ""]
        let isGenuine = try await isForm ? desk.isGenuine(visit, for: purpose) : false
        if isGenuine, let pressed = try visit.action()?.isLogout {
            return response(
                try await logOut(parameters, visit, answer: pressed),
                visit,
                uiLocales
            )
        }
        return desk.show(
            LogoutConfirmPage(
                accountName: person.account.value.username,
                clientName: request.client?.shownName,
                isFormExpired: isForm && !isGenuine,
                csrf: try await desk.formToken(visit, for: purpose),
                continuation: path(query)
            ),
            to: visit,
            uiLocales: uiLocales,
            formTargets: request.redirect.map { [$0.uri] } ?? []
        )
    }

    private func logOut(
        _ parameters: FormParameters,
        _ visit: PageRequest,
        answer: LogoutDecision.Answer? = nil
    ) async throws -> LogoutAnswer {
        try await desk.server.logOut(
            LogoutVisit(
                parameters: parameters,
                cookie: visit.signInCookie,
                answer: answer,
                arrived: visit.arrived
            )
        )
    }

    private func response(
        _ answer: LogoutAnswer,
        _ visit: PageRequest,
        _ uiLocales: String?
    ) -> Response {
        switch answer {
        case .signedOut(let end, let client):
            let response = response(end, client, visit, uiLocales)
            // A cookie that was not brought is not taken away: the request may be another site's.
            return visit.signInCookie == nil ? response : desk.signedOut(response)
        case .stay, .ask:
            return desk.go(on: .account)
        case .problem(let error):
            return desk.show(
                ProblemPage(problem: .badRequest, detail: error.sentence, way: .account),
                to: visit,
                uiLocales: uiLocales
            )
        }
    }

    private func response(
        _ end: LogoutEnd,
        _ client: Client?,
        _ visit: PageRequest,
        _ uiLocales: String?
    ) -> Response {
        switch end {
        case .redirect(let redirect): return desk.go(to: redirect.location)
        case .page(let back):
            let way = back.map { back in
                LoggedOutPage.Return(clientName: client?.shownName ?? "", uri: back.location)
            }
            return desk.show(LoggedOutPage(way: way), to: visit, uiLocales: uiLocales)
        }
    }
}

extension LogoutRedirect {
    /// The address with the state that the client sent.
    fileprivate var location: String {
        guard let state else { return uri }
        let separator = uri.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return uri + separator + FormText.encode([(WireName.state, state)])
    }
}

extension PageAction {
    /// What the button says to the question; `nil` if it is another form's.
    fileprivate var isLogout: LogoutDecision.Answer? {
        switch self {
        case .signOut: .signOut
        case .stay: .stay
        case .allow, .deny, .signIn, .cancel, .proceed, .other: nil
        }
    }
}
