import HTTPTypes
import MartletProtocol
import Synchronization
import Testing

/// A browser without scripts: keeps cookies, follows redirects, and sends the forms that it is
/// shown, with what a person fills in.
final class PersonsBrowser: Sendable {
    /// More in a row are a loop.
    private static let maximumRedirects = 8

    let caller: Caller
    private let cookies = Mutex<[String: String]>([:])

    init(_ caller: Caller) {
        self.caller = caller
    }

    /// What a browser shows: the page that an address led to.
    struct Shown: Sendable {
        let answer: Answer
        let path: String

        var text: String { answer.text }
        /// What stands under the address line's question mark.
        var isPage: Bool { answer.headers[.contentType] == "text/html; charset=utf-8" }
    }

    func open(_ path: String, method: HTTPRequest.Method = .get) async throws -> Shown {
        try await follow(path, try await send(method, path, nil))
    }

    /// Sends the page's form, with what the person fills in and the button that they press.
    func submit(_ page: Shown, _ filledIn: [String: String] = [:]) async throws -> Shown {
        let form = try #require(PageForm(page.text), "no form: \(page.text)")
        return try await post(form.fields.merging(filledIn) { $1 }, to: form.action)
    }

    func post(_ fields: [String: String], to path: String) async throws -> Shown {
        let body = Form.encode(fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        return try await follow(path, try await send(.post, path, body))
    }

    func signIn(_ page: Shown) async throws -> Shown {
        try await submit(
            page,
            ["username": TestServer.username, "password": TestServer.password]
        )
    }

    /// Follows redirects as long as they stay here.
    private func follow(_ path: String, _ answer: Answer) async throws -> Shown {
        var (path, answer) = (path, answer)
        for _ in 0..<Self.maximumRedirects {
            guard answer.status == 303, let next = answer.headers[.location],
                next.hasPrefix("/")
            else { return Shown(answer: answer, path: path) }
            path = next
            answer = try await send(.get, next, nil)
        }
        Issue.record("redirects without end at \(path)")
        return Shown(answer: answer, path: path)
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String?
    ) async throws -> Answer {
        var headers: HTTPFields = [.userAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"]
        let jar = cookies.withLock { $0.map { "\($0.key)=\($0.value)" }.sorted() }
        if !jar.isEmpty { headers[.cookie] = jar.joined(separator: "; ") }
        if body != nil { headers[.contentType] = Form.contentType }
        let answer = try await caller.send(
            method,
            path,
            headers: headers,
            body: body.map { Array($0.utf8) }
        )
        for cookie in answer.headers[values: .setCookie] { keep(cookie) }
        return answer
    }

    private func keep(_ header: String) {
        let pair = header.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
        let isGone = header.contains("Max-Age=0;")
        cookies.withLock { cookies in
            cookies[String(pair[0])] = isGone || pair.count < 2 ? nil : String(pair[1])
        }
    }
}

/// The first form of a page: where it leads, and what it sends by itself.
struct PageForm {
    let action: String
    let fields: [String: String]

    init?(_ html: String) {
        guard let start = html.firstRange(of: "<form "),
            let end = html[start.upperBound...].firstRange(of: "</form>")
        else { return nil }
        let form = html[start.lowerBound..<end.lowerBound]
        let tags = form.split(separator: "<").map(String.init)
        guard let first = tags.first, let action = Self.attribute("action", of: first) else {
            return nil
        }
        self.action = action
        var fields: [String: String] = [:]
        for tag in tags where tag.hasPrefix("input ") {
            guard let name = Self.attribute("name", of: tag) else { continue }
            fields[name] = Self.attribute("value", of: tag) ?? ""
        }
        self.fields = fields
    }

    private static func attribute(_ name: String, of tag: String) -> String? {
        guard let start = tag.firstRange(of: " \(name)=\"") else { return nil }
        let value = tag[start.upperBound...].prefix { $0 != "\"" }
        return String(value).replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&quot;", with: "\"").replacing("&#39;", with: "'")
            .replacing("&amp;", with: "&")
    }
}
