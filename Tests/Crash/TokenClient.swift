import AsyncHTTPClient
import Foundation
import MartletProtocol
import NIOCore
import NIOHTTP1

/// A registered app, by what becomes of a token of its that is used twice.
enum App: String, Sendable, CaseIterable {
    /// The second use ends the session.
    case strict
    /// The second use brings the same successor, for a minute.
    case lenient
    /// The second use brings the same successor, until that is used.
    case patient

    var secret: String { "\(rawValue) keeps a secret" }

    private var overlap: String {
        switch self {
        case .strict: "0"
        case .lenient: "60"
        case .patient: "until_used"
        }
    }

    /// Whether a rotation whose answer was lost can be asked for again.
    var mayAskAgain: Bool {
        switch self {
        case .strict: false
        case .lenient, .patient: true
        }
    }

    /// So many users that none has more sessions than an app may have of one.
    private static let users = 40
    static let password = "correct horse"
    /// Of ``password``, in one round, so that it is the store that a load of sign-ins keeps busy.
    private static let hash =
        "$pbkdf2-sha256$1$bWFydGxldC1jcmFzaC0xNg$.g0inpsWUU.n.dZ9Yq09ryH//0TKhu0kl4MWCdhFxrA"

    static var anyUser: String { "user\(Int.random(in: 0..<users))" }

    /// What `martlet.yaml` says of the apps and their users.
    static var configuration: String {
        let clients = allCases.map { app in
            """
              - client_id: \(app.rawValue)
                client_secret: \(app.secret)
                token_endpoint_auth_method: client_secret_post
                grant_types: [password, refresh_token]
                refresh_token_policy: {overlap: \(app.overlap), max_sessions: 1000}
            """
        }
        let accounts = (0..<users).map { "  - {username: user\($0), password_hash: \(hash)}" }
        return "clients:\n\(clients.joined(separator: "\n"))\n"
            + "users:\n\(accounts.joined(separator: "\n"))\n"
    }
}

/// The way to a server that an app has: it asks and tells what came back, and does nothing by
/// itself, above all nothing twice.
final class TokenClient: Sendable {
    /// What a request to the token endpoint came to.
    enum Outcome: Sendable, Equatable {
        case tokens(refresh: String, access: String)
        /// The `error` and its sentence.
        case refused(String, String)
        /// 503, as it has to be.
        case unavailable(retryAfter: Int)
        /// Any other answer, which no app should get.
        case unexpected(String)
        /// No answer: the connection was cut, or nobody listens.
        case lost

        var refreshToken: String? {
            switch self {
            case .tokens(let refresh, _): refresh
            case .refused, .unavailable, .unexpected, .lost: nil
            }
        }
    }

    /// Longer than anything takes here, unless it hangs.
    private static let patience: TimeAmount = .seconds(60)

    private let url: String
    private let http: HTTPClient

    /// - Parameter connections: how many there may be at once.
    init(url: String, connections: Int = 64) {
        self.url = url
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Runs with connections of its own: those to a server that was killed are of no use to the
    /// next one.
    static func with<Value: Sendable>(
        url: String,
        connections: Int = 64,
        _ body: (TokenClient) async throws -> Value
    ) async throws -> Value {
        let client = TokenClient(url: url, connections: connections)
        do {
            let value = try await body(client)
            try await client.http.shutdown()
            return value
        } catch {
            try? await client.http.shutdown()
            throw error
        }
    }

    func signIn(to app: App) async -> Outcome {
        await ask(
            "grant_type=password&username=\(App.anyUser)&password=\(App.password)",
            as: app
        )
    }

    func refresh(_ token: String, of app: App) async -> Outcome {
        await ask("grant_type=refresh_token&refresh_token=\(token)", as: app)
    }

    /// Whether the token is the one that counts now; `nil` if there was no such answer. Asking
    /// changes nothing (RFC 7662).
    func isActive(_ token: String, of app: App) async -> Bool? {
        guard let answer = await post("/oauth/introspect", "token=\(token)", as: app),
            answer.status == 200, let json = try? JSONValue(parsing: answer.body)
        else { return nil }
        return json["active"] == true
    }

    /// The status of a plain request, `nil` without an answer.
    func get(_ path: String) async -> Int? {
        await look(at: path)?.status
    }

    /// What a person's browser is told.
    func look(at path: String) async -> (status: Int, retryAfter: String?, text: String)? {
        var request = HTTPClientRequest(url: url + path)
        request.headers.add(name: "Accept", value: "text/html")
        guard let answer = try? await http.execute(request, timeout: Self.patience),
            let body = try? await answer.body.collect(upTo: 1 << 20)
        else { return nil }
        return (
            Int(answer.status.code), answer.headers.first(name: "Retry-After"),
            String(buffer: body)
        )
    }

    private func ask(_ form: String, as app: App) async -> Outcome {
        guard let answer = await post("/oauth/token", form, as: app) else { return .lost }
        return Outcome(status: answer.status, retryAfter: answer.retryAfter, body: answer.body)
    }

    /// A request to the token endpoint as it goes over the line.
    static func bytes(refreshing token: String, of app: App) -> [UInt8] {
        let form = form("grant_type=refresh_token&refresh_token=\(token)", of: app)
        return Array(
            """
            POST /oauth/token HTTP/1.1\r
            Host: localhost\r
            Content-Type: application/x-www-form-urlencoded\r
            Content-Length: \(form.utf8.count)\r
            \r
            \(form)
            """.utf8
        )
    }

    private static func form(_ form: String, of app: App) -> String {
        "client_id=\(app.rawValue)&client_secret=\(app.secret)&\(form)".replacing(" ", with: "+")
    }

    private struct Answer {
        let status: Int
        let retryAfter: String?
        let body: [UInt8]
    }

    private func post(_ path: String, _ form: String, as app: App) async -> Answer? {
        var request = HTTPClientRequest(url: url + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(ByteBuffer(string: Self.form(form, of: app)))
        guard let response = try? await http.execute(request, timeout: Self.patience),
            let body = try? await response.body.collect(upTo: 64 * 1024)
        else { return nil }
        return Answer(
            status: Int(response.status.code),
            retryAfter: response.headers.first(name: "Retry-After"),
            body: Array(body.readableBytesView)
        )
    }
}

extension TokenClient.Outcome {
    /// What an answer says.
    init(status: Int, retryAfter: String?, body: [UInt8]) {
        guard let json = try? JSONValue(parsing: body) else {
            self = .unexpected("\(status) without JSON")
            return
        }
        let error = json["error"]?.string ?? ""
        switch status {
        case 200:
            if let refresh = json["refresh_token"]?.string,
                let access = json["access_token"]?.string
            {
                self = .tokens(refresh: refresh, access: access)
            } else {
                self = .unexpected("200 without tokens")
            }
        case 503:
            if error == "temporarily_unavailable", let seconds = retryAfter.flatMap({ Int($0) }),
                seconds > 0
            {
                self = .unavailable(retryAfter: seconds)
            } else {
                self = .unexpected("503 with \(error), Retry-After \(retryAfter ?? "none")")
            }
        case 400...499: self = .refused(error, json["error_description"]?.string ?? "")
        default: self = .unexpected("\(status) \(error)")
        }
    }
}
