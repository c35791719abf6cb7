import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// `GET` and `POST /oauth/authorize` (RFC 6749 §3.1, OIDC Core §3.1.2.1).
struct AuthorizationEndpoint {
    let desk: PageDesk

    /// A browser comes from a client.
    func answer(_ visit: PageRequest) async throws -> Response {
        guard visit.request.method == .get || visit.request.method == .head else {
            return try again(visit)
        }
        guard visit.query.utf8.count <= Continuation.maximumQuery else { throw Self.tooLong }
        let continuation = Continuation(authorization: visit.query)
        return try await desk.authorize(continuation, visit).response(desk, visit, continuation)
    }

    private static let tooLong = OAuthError(
        .invalidRequest,
        "The authorization request is longer than any client needs."
    )

    /// A form from another site comes without our cookies, which are kept from such requests; the
    /// same as a link comes with them.
    private func again(_ visit: PageRequest) throws -> Response {
        let query = FormText.encode(visit.parameters.pairs)
        guard query.utf8.count <= Continuation.maximumQuery else { throw Self.tooLong }
        return desk.go(on: Continuation(authorization: query))
    }
}

extension PageDesk {
    /// What an authorization request comes to now, asked by the endpoint and by the pages that lead
    /// back to it.
    func authorize(
        _ continuation: Continuation,
        _ visit: PageRequest,
        consents: ConsentAnswer? = nil,
        isCancelled: Bool = false
    ) async throws -> AuthorizationAnswer {
        guard case .authorization(let query, let notes) = continuation else {
            throw OAuthError(.invalidRequest, "The page was not opened for an app.")
        }
        return try await server.authorize(
            AuthorizationVisit(
                parameters: try FormRequest.parameters(ByteBuffer(string: query)),
                query: query,
                cookie: visit.signInCookie,
                notes: notes,
                answer: consents,
                isCancelled: isCancelled,
                origin: visit.origin,
                arrived: visit.arrived
            )
        )
    }
}

extension AuthorizationAnswer {
    /// The answer as the browser gets it: the next page, or the way back to the client.
    func response(
        _ desk: PageDesk,
        _ visit: PageRequest,
        _ continuation: Continuation
    ) -> Response {
        switch self {
        case .respond(let response): response.response(desk, visit)
        case .signIn: desk.go(to: .login, then: continuation)
        case .selectAccount: desk.go(to: .selectAccount, then: continuation)
        case .askConsent: desk.go(to: .consent, then: continuation)
        case .problem(let error):
            desk.show(
                ProblemPage(problem: .badRequest, detail: error.sentence, way: .none),
                to: visit
            )
        }
    }
}

extension AuthorizationResponse {
    fileprivate func response(_ desk: PageDesk, _ visit: PageRequest) -> Response {
        switch redirect.mode {
        case .query:
            let separator = redirect.uri.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
            return desk.go(to: redirect.uri + separator + FormText.encode(parameters))
        case .fragment:
            return desk.go(to: redirect.uri + "#" + FormText.encode(parameters))
        case .formPost:
            return desk.show(
                FormPostPage(
                    clientName: clientName,
                    target: redirect.uri,
                    parameters: parameters.map { .init(name: $0.name, value: $0.value) }
                ),
                to: visit
            )
        }
    }
}

extension Client {
    func card(redirect: RedirectURI?) -> ClientCard {
        ClientCard(
            name: shownName,
            uri: metadata.clientURI,
            termsOfService: metadata.termsURI,
            privacyPolicy: metadata.policyURI,
            standing: isSelfRegistered
                ? .unverified(redirectHost: redirect?.host ?? redirect?.text)
                : .known
        )
    }
}
