import HTTPTypes
import MartletProtocol

/// What came of a request to the token endpoint.
enum TokenAnswer: Sendable {
    case tokens(TokenResponse)
    /// The server decided, and the answer is no.
    case refused(ServerRefusal)
    /// No answer, or none that tells what the server decided: it may have done what was asked.
    case lost(Lost)
    /// The server could not be asked: what it says of itself will not do.
    case impossible(ClientError)

    struct Lost: Sendable, Equatable {
        let description: String
        /// How long the server wants to be left alone.
        var retryAfter: Duration?
    }

    /// The rule, the first row that fits:
    ///
    /// | status | body | |
    /// | --- | --- | --- |
    /// | 200 | tokens | *tokens* |
    /// | 400 to 499, not 429 | JSON with an `error` | *refused*; but `server_error` and `temporarily_unavailable` are *lost* |
    /// | any | anything else | *lost*: a proxy's page, a captive portal, half an answer |
    static func reading(_ answer: FormAnswer) -> TokenAnswer {
        let (status, json) = (answer.status, try? JSONValue(parsing: answer.body))
        if status == 200, let json, let response = TokenResponse(json: json) {
            return .tokens(response)
        }
        if (400..<500).contains(status), status != 429, let error = json?[WireName.error]?.string {
            let isTemporary =
                error == OAuthError.Code.serverError.rawValue
                || error == OAuthError.Code.temporarilyUnavailable.rawValue
            let explanation = json?[WireName.errorDescription]?.string
            if !isTemporary {
                return .refused(ServerRefusal(error: error, explanation: explanation))
            }
        }
        return .lost(
            Lost(
                description: "The server answered with \(status), and nothing to go by.",
                retryAfter: retryAfter(answer.header)
            )
        )
    }

    /// The longest wait that a server is granted by `Retry-After`: a mistyped one must not end a
    /// session for all practical purposes.
    static let longestWait: Duration = .seconds(3600)

    /// In seconds only; a date is left to the back-off (RFC 9110 §10.2.3).
    private static func retryAfter(_ header: HTTPFields) -> Duration? {
        guard let text = header[.retryAfter], let seconds = Int(text), seconds >= 0 else {
            return nil
        }
        return min(.seconds(min(seconds, 3600)), longestWait)
    }
}

/// The members of a successful answer of the token endpoint (RFC 6749 §5.1).
struct TokenResponse: Sendable, Equatable {
    let accessToken: Secret
    let expiresIn: Int64?
    let refreshToken: Secret?
    /// The sooner of the session's ends, in seconds.
    let sessionEndsIn: Int64?
    let scope: [String]?
    let idToken: String?

    /// A number of seconds beyond this, some 100 years, is a mistake that would overflow dates.
    private static let longestTime: Int64 = 100 * 366 * 86_400

    /// - Returns: `nil` if there is no access token, or one that is not a bearer token: nothing here
    ///   could use it.
    init?(json: JSONValue) {
        guard let access = json[WireName.accessToken]?.string, !access.isEmpty,
            json[WireName.tokenType]?.string?.lowercased() == WireName.bearer.lowercased()
        else { return nil }
        accessToken = Secret(access)
        expiresIn = Self.seconds(WireName.expiresIn, in: json)
        refreshToken = json[WireName.refreshToken]?.string.flatMap { $0.isEmpty ? nil : Secret($0) }
        let ends = [
            Self.seconds(WireName.refreshTokenTimeout, in: json),
            Self.seconds(WireName.authorizationExpiresIn, in: json),
        ]
        sessionEndsIn = ends.compactMap(\.self).min()
        scope = json[WireName.scope]?.string?.split(separator: " ").map(String.init)
        idToken = json[WireName.idToken]?.string
    }

    /// Some servers write numbers as text.
    private static func seconds(_ name: String, in json: JSONValue) -> Int64? {
        guard let value = json[name] else { return nil }
        let seconds = value.integer ?? value.string.flatMap { Int64($0) }
        return seconds.map { min(max($0, 0), longestTime) }
    }
}

extension TokenAnswer {
    /// The error of an answer that has no tokens where one question is all that is asked.
    var failure: ClientError {
        switch self {
        case .tokens: .distrusted("The server answered with tokens that were not asked for.")
        case .refused(let refusal): .refused(refusal)
        case .lost(let lost): ClientError(.offline, lost.description)
        case .impossible(let error): error
        }
    }
}
