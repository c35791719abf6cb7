import Hummingbird
import MartletCore
import MartletProtocol

/// `GET` and `POST /select-account`: go on as who is signed in, or as somebody else
/// (`prompt=select_account`).
struct SelectAccountEndpoint {
    let desk: PageDesk

    func answer(_ visit: PageRequest) async throws -> Response {
        let continuation = try visit.continuation(issuerPath: desk.issuerPath)
        let answer = try await desk.authorize(continuation, visit)
        guard case .selectAccount(let request, let person) = answer else {
            return answer.response(desk, visit, continuation)
        }
        let purpose = ["select account", person.signIn.id.rawValue]
        guard visit.request.method == .post else {
            return try await show(visit, continuation, request, person, purpose)
        }
        guard try await desk.isGenuine(visit, for: purpose) else {
            return try await show(
                visit,
                continuation,
                request,
                person,
                purpose,
                isFormExpired: true
            )
        }
        switch try visit.action() {
        case .other:
            let next = FormText.encode(continuation.path(issuerPath: desk.issuerPath))
            return desk.go(
                to: desk.issuerPath + PagePath.login.rawValue
                    + "?\(LoginEndpoint.switchName)=1&\(PageField.continuation)=\(next)"
            )
        case .proceed:
            let note = try await desk.server.note(
                .choseAccount,
                for: continuation.query,
                by: person.signIn.id,
                at: visit.arrived
            )
            return desk.go(on: continuation.adding(note))
        case .signIn, .cancel, .allow, .deny, .signOut, .stay, nil:
            return try await show(visit, continuation, request, person, purpose)
        }
    }

    private func show(
        _ visit: PageRequest,
        _ continuation: Continuation,
        _ request: AuthorizationRequest,
        _ person: AuthorizationServer.SignedIn,
        _ purpose: [String],
        isFormExpired: Bool = false
    ) async throws -> Response {
        desk.show(
            SelectAccountPage(
                clientName: request.client.value.shownName,
                accountName: person.account.value.username,
                isFormExpired: isFormExpired,
                csrf: try await desk.formToken(visit, for: purpose),
                continuation: continuation.path(issuerPath: desk.issuerPath)
            ),
            to: visit,
            uiLocales: request.uiLocales,
            formTargets: [request.redirect.uri]
        )
    }
}
