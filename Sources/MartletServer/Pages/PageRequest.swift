import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// A browser's request for a page, or with a page's form: read, and not yet believed.
struct PageRequest: Sendable {
    let request: Request
    /// The query's; with a POST, the form's.
    let parameters: FormParameters
    /// As it came, without the question mark.
    let query: String
    let signInCookie: SignInCookie?
    /// The browser by its cookie; a new one if it brought none.
    let browser: KnownBrowser
    /// Whether the browser brought the cookie back.
    let broughtCookie: Bool
    let origin: Origin
    let arrived: Instant

    /// - Throws: ``OAuthError`` for what is no query or form.
    static func read(
        _ request: Request,
        _ context: ServerContext,
        _ server: AuthorizationServer
    ) async throws -> PageRequest {
        let query = request.uri.query ?? ""
        let parameters: FormParameters
        if request.method == .post {
            let body = try await FormBody.read(request)
            guard FormRequest.isForm(request.headers[.contentType]) else {
                throw OAuthError(
                    .invalidRequest,
                    "The request's Content-Type is not application/x-www-form-urlencoded."
                )
            }
            parameters = try FormRequest.parameters(body)
        } else {
            parameters = try FormRequest.parameters(ByteBuffer(string: query))
        }
        let cookies = BrowserCookies(issuer: server.settings.issuer)
        let browser = cookies.browser(in: request)
        return PageRequest(
            request: request,
            parameters: parameters,
            query: query,
            signInCookie: cookies.signIn(in: request),
            browser: browser ?? KnownBrowser(in: server.surroundings),
            broughtCookie: browser != nil,
            origin: Origin(
                address: context.remoteAddress,
                userAgent: request.headers[.userAgent] ?? ""
            ),
            arrived: server.surroundings.now()
        )
    }

    /// Where the person goes on afterwards.
    func continuation(issuerPath: String) throws(OAuthError) -> Continuation {
        Continuation(try parameters.one(PageField.continuation), issuerPath: issuerPath)
    }

    /// The button that was pressed.
    func action() throws(OAuthError) -> PageAction? {
        try parameters.one(PageField.action).flatMap(PageAction.init)
    }
}

/// What pages need of the server: who is asking, forms that are safe to send, and answers.
struct PageDesk: Sendable {
    let server: AuthorizationServer
    let site: PageSite

    private var cookies: BrowserCookies { BrowserCookies(issuer: server.settings.issuer) }
    var issuerPath: String { server.settings.issuerPath }

    // MARK: Forms

    func formToken(_ visit: PageRequest, for purpose: [String]) async throws -> String {
        try await server.formToken(for: purpose, browser: visit.browser.id, at: visit.arrived)
    }

    /// Whether the form is one that this server gave to this browser for this purpose.
    func isGenuine(_ visit: PageRequest, for purpose: [String]) async throws -> Bool {
        guard visit.broughtCookie, let token = try visit.parameters.one(PageField.csrf) else {
            return false
        }
        return try await server.isFormToken(token, for: purpose, browser: visit.browser.id)
    }

    // MARK: Answers

    /// The surroundings of a page that is shown for no form and no request in particular.
    func surroundings(of request: Request) -> PageSurroundings {
        site.surroundings(of: request, now: server.surroundings.now())
    }

    /// A page, and the cookie that its forms come back with.
    ///
    /// - Parameters:
    ///   - uiLocales: the authorization request's wish for a language.
    ///   - formTargets: redirect URIs that a form of the page may end at.
    func show(
        _ page: some Page,
        to visit: PageRequest,
        uiLocales: String? = nil,
        formTargets: [String] = []
    ) -> Response {
        var response = page.render(
            in: site.surroundings(
                of: visit.request,
                uiLocales: uiLocales,
                formTargets: formTargets,
                now: visit.arrived
            )
        )
        if !visit.broughtCookie { response.addCookie(cookies.set(visit.browser)) }
        return response
    }

    /// On to another place of ours.
    func go(to path: String) -> Response {
        var headers = CacheControl.noStore.headers()
        headers[.location] = path
        return Response(status: .seeOther, headers: headers)
    }

    func go(on continuation: Continuation) -> Response {
        go(to: continuation.path(issuerPath: issuerPath))
    }

    /// To the page at a path, which then goes on from there.
    func go(to page: PagePath, then continuation: Continuation) -> Response {
        let next = FormText.encode(continuation.path(issuerPath: issuerPath))
        return go(to: "\(issuerPath)\(page.rawValue)?\(PageField.continuation)=\(next)")
    }

    /// Sets the cookies of somebody who just signed in.
    func signedIn(
        _ person: AuthorizationServer.SignedIn,
        _ cookie: SignInCookie,
        with visit: PageRequest,
        _ response: Response
    ) async throws -> Response {
        var response = response
        let mark = try await server.browserMark(
            of: visit.browser.id,
            for: person.account.value.username,
            at: visit.arrived
        )
        let left = person.signIn.absoluteEnd - visit.arrived
        response.addCookie(cookies.set(cookie, for: left))
        response.addCookie(cookies.set(visit.browser.with(mark: mark)))
        return response
    }

    /// Takes the cookie of a sign-in away.
    func signedOut(_ response: Response) -> Response {
        var response = response
        response.addCookie(cookies.removeSignIn)
        return response
    }

    /// Runs an endpoint for people: what it throws becomes a page.
    func answer(
        _ request: Request,
        _ context: ServerContext,
        log: ServerLog,
        _ endpoint: (PageRequest) async throws -> Response
    ) async throws -> Response {
        do {
            return try await endpoint(try await PageRequest.read(request, context, server))
        } catch {
            return ErrorResponse.page(for: error, to: request, from: self, log: log)
        }
    }
}

extension Response {
    mutating func addCookie(_ header: String) {
        headers.append(HTTPField(name: .setCookie, value: header))
    }
}
