import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// `GET` and `POST /login`: the page that asks for a password, for an app, for a device or for the
/// account page.
struct LoginEndpoint {
    /// A link of ours: sign in as somebody else than who is signed in.
    static let switchName = "switch"
    private static let purpose = ["login"]

    let desk: PageDesk

    func answer(_ visit: PageRequest) async throws -> Response {
        let continuation = try visit.continuation(issuerPath: desk.issuerPath)
        guard visit.request.method == .post else {
            return try await show(visit, continuation, problem: nil)
        }
        guard try await desk.isGenuine(visit, for: Self.purpose) else {
            return try await show(
                visit,
                continuation,
                problem: visit.broughtCookie ? .formExpired : .cookiesMissing
            )
        }
        switch try visit.action() {
        case .cancel:
            return try await desk.authorize(continuation, visit, isCancelled: true)
                .response(desk, visit, continuation)
        case .other:
            return try await show(visit, continuation, problem: nil, asOther: true)
        case .signIn, .proceed, .allow, .deny, .signOut, .stay, nil:
            return try await signIn(visit, continuation)
        }
    }

    /// The form came: whoever knows the password is signed in and goes on.
    private func signIn(
        _ visit: PageRequest,
        _ continuation: Continuation
    ) async throws -> Response {
        let username = try visit.parameters.one(PageField.username) ?? ""
        let verification = try await desk.server.verifyPassword(
            Secret(try visit.parameters.one(PageField.password) ?? ""),
            of: username,
            from: visit.origin,
            known: try await desk.server.isKnown(
                visit.browser.id,
                with: visit.browser.marks,
                as: username
            ),
            at: visit.arrived
        )
        let account: Stored<Account>
        switch verification {
        case .wrong: return try await show(visit, continuation, problem: .wrongPassword)
        case .tooMany: return try await show(visit, continuation, problem: .tooManyAttempts)
        case .right(let found): account = found
        }
        let (person, cookie) = try await desk.server.signIn(
            account,
            authentication: .password(at: visit.arrived),
            origin: visit.origin,
            replacing: try await desk.server.signedIn(by: visit.signInCookie, at: visit.arrived),
            at: visit.arrived
        )
        let note = try await desk.server.note(
            .signedIn,
            for: continuation.query,
            by: person.signIn.id,
            at: visit.arrived
        )
        let next = desk.go(on: continuation.adding(note))
        return try await desk.signedIn(person, cookie, with: visit, next)
    }

    /// The page, unless nobody needs to sign in any more: then on to where the person was going.
    private func show(
        _ visit: PageRequest,
        _ continuation: Continuation,
        problem: LoginPage.Problem?,
        asOther: Bool = false
    ) async throws -> Response {
        let asOther = try asOther || visit.parameters.one(Self.switchName) != nil
        let typed = try visit.parameters.one(PageField.username)
        switch continuation {
        case .account, .device:
            let person = try await desk.server.signedIn(by: visit.signInCookie, at: visit.arrived)
            if person != nil, problem == nil, !asOther { return desk.go(on: continuation) }
            let purpose: LoginPage.Purpose =
                if case .device = continuation { .device } else { .account }
            return try await page(
                visit,
                continuation,
                purpose,
                .signIn(username: typed ?? ""),
                problem
            )
        case .authorization:
            let answer = try await desk.authorize(continuation, visit)
            switch answer {
            case .signIn(let request, let reason, let person):
                let name = person?.account.value.username
                let isSame = reason == .again && !asOther
                return try await page(
                    visit,
                    continuation,
                    for: request,
                    isSame
                        ? .again(username: name ?? "")
                        : .signIn(username: typed ?? request.loginHint ?? ""),
                    problem
                )
            case .selectAccount(let request, _), .askConsent(let request, _, _):
                guard asOther || problem != nil else {
                    return answer.response(desk, visit, continuation)
                }
                return try await page(
                    visit,
                    continuation,
                    for: request,
                    .signIn(username: typed ?? ""),
                    problem
                )
            case .respond, .problem:
                return answer.response(desk, visit, continuation)
            }
        }
    }

    private func page(
        _ visit: PageRequest,
        _ continuation: Continuation,
        for request: AuthorizationRequest,
        _ mode: LoginPage.Mode,
        _ problem: LoginPage.Problem?
    ) async throws -> Response {
        try await page(
            visit,
            continuation,
            .app(name: request.client.value.shownName),
            mode,
            problem,
            canCancel: !request.client.value.isSelfRegistered,
            uiLocales: request.uiLocales,
            formTargets: [request.redirect.uri]
        )
    }

    private func page(
        _ visit: PageRequest,
        _ continuation: Continuation,
        _ purpose: LoginPage.Purpose,
        _ mode: LoginPage.Mode,
        _ problem: LoginPage.Problem?,
        canCancel: Bool = false,
        uiLocales: String? = nil,
        formTargets: [String] = []
    ) async throws -> Response {
        desk.show(
            LoginPage(
                purpose: purpose,
                mode: mode,
                problem: problem,
                canCancel: canCancel,
                csrf: try await desk.formToken(visit, for: Self.purpose),
                continuation: continuation.path(issuerPath: desk.issuerPath)
            ),
            to: visit,
            uiLocales: uiLocales,
            formTargets: formTargets
        )
    }
}
