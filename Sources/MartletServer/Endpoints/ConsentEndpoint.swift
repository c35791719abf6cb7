import Hummingbird
import MartletCore
import MartletProtocol

/// `GET` and `POST /consent`: may the app have what it asks for?
struct ConsentEndpoint {
    let desk: PageDesk

    func answer(_ visit: PageRequest) async throws -> Response {
        let continuation = try visit.continuation(issuerPath: desk.issuerPath)
        let answer = try await desk.authorize(continuation, visit)
        guard case .askConsent(let request, let person, let remembered) = answer else {
            return answer.response(desk, visit, continuation)
        }
        // The answer is to this question: from who is signed in, about this scope for this app.
        let purpose = [
            "consent", person.signIn.id.rawValue, request.client.value.id.rawValue,
            request.scope.description,
        ]
        let isForm = visit.request.method == .post
        let isGenuine = try await isForm ? desk.isGenuine(visit, for: purpose) : false
        if isGenuine, let isAllowed = try visit.action()?.isConsent {
            return try await desk.authorize(
                continuation,
                visit,
                consents: ConsentAnswer(scope: request.scope, isAllowed: isAllowed)
            ).response(desk, visit, continuation)
        }
        return desk.show(
            ConsentPage(
                client: request.client.value.card(redirect: request.redirect.registered),
                accountName: person.account.value.username,
                scopes: request.scope.tokens.map { scope in
                    // At the first question all is new, and saying so would say nothing.
                    ScopeLine(
                        name: scope,
                        isNew: !remembered.tokens.isEmpty && !remembered.contains(scope)
                    )
                },
                isOffline: request.isOffline,
                isFormExpired: isForm && !isGenuine,
                csrf: try await desk.formToken(visit, for: purpose),
                continuation: continuation.path(issuerPath: desk.issuerPath)
            ),
            to: visit,
            uiLocales: request.uiLocales,
            formTargets: [request.redirect.uri]
        )
    }
}

extension PageAction {
    /// What the button says to the question; `nil` if it is another form's.
    fileprivate var isConsent: Bool? {
        switch self {
        case .allow: true
        case .deny: false
        case .signIn, .cancel, .proceed, .other, .signOut, .stay: nil
        }
    }
}
