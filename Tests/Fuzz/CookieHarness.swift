import HTTPTypes
import Hummingbird
import MartletProtocol
import NIOCore

@testable import MartletCore
@testable import MartletServer

extension Harness {
    /// `Cookie` headers, with line feeds between them.
    static let cookies = Harness(name: "cookies") { bytes in
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { [UInt8]($0).text }
        for issuer in ["https://login.example.com", "http://localhost:8080"] {
            try CookieRules.check(lines, issuer: issuer)
        }
    }
}

/// What holds of every `Cookie` header.
private enum CookieRules {
    static func check(_ lines: [String], issuer: String) throws {
        var head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/")
        head.headerFields = HTTPFields(lines.map { HTTPField(name: .cookie, value: $0) })
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        let sent = request.headers[values: .cookie]
        let cookies = BrowserCookies(issuer: issuer)
        let prefix = issuer.hasPrefix("https:") ? "__Host-" : ""

        if let cookie = cookies.signIn(in: request) {
            try require(SignInCookie(cookie.text) == cookie, "a sign-in comes back the same")
            try require(
                values(of: prefix + "martlet", in: sent) == [Array(cookie.text.utf8)],
                "a sign-in is the one cookie of its name, as it was sent"
            )
        }
        if let browser = cookies.browser(in: request) {
            try require(browser.marks.count <= KnownBrowser.maximumMarks, "there is a bound")
            try require(
                KnownBrowser(browser.text) == browser,
                "a browser comes back the same"
            )
            try require(
                values(of: prefix + "martlet-browser", in: sent).count == 1,
                "a browser is the one cookie of its name"
            )
            try checkSetting(cookies.set(browser.with(mark: "mark")))
        }
    }

    /// A cookie that is set cannot hold the end of itself.
    private static func checkSetting(_ header: String) throws {
        try require(
            header.utf8.allSatisfy { 0x20..<0x7F ~= $0 }
                && header.utf8.filter { $0 == UInt8(ascii: ";") }.count <= 5,
            "what is set is one cookie of visible characters"
        )
    }

    /// The values of the cookies of a name, found by walking over the bytes as RFC 6265 §5.4 joins
    /// them.
    private static func values(of name: String, in lines: [String]) -> [[UInt8]] {
        let mark = Array((name + "=").utf8)
        var values: [[UInt8]] = []
        for line in lines.map({ Array($0.utf8) }) {
            var start = 0
            while start < line.count {
                let end = line[start...].firstIndex(of: UInt8(ascii: ";")) ?? line.count
                while start < end, [0x20, 0x09].contains(line[start]) { start += 1 }
                if line[start..<end].starts(with: mark) {
                    values.append(Array(line[(start + mark.count)..<end]))
                }
                start = end + 1
            }
        }
        return values
    }
}
