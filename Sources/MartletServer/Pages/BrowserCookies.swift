import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// The two cookies that a browser has of us: who is signed in, and which browser it is.
///
/// `__Host-` keeps other hosts of the same domain from setting them; where the issuer is http, which
/// it is on loopback only, browsers take neither the prefix nor `Secure`.
struct BrowserCookies: Sendable {
    /// A browser that nobody signed in with for so long is not known any more.
    static let browserLifetime: Duration = .days(365)
    /// Cookies that are looked at; a browser sends no more of ours.
    private static let maximumCount = 50

    private let isSecure: Bool

    init(issuer: String) {
        isSecure = issuer.hasPrefix("https:")
    }

    private var signInName: String { isSecure ? "__Host-martlet" : "martlet" }
    private var browserName: String { isSecure ? "__Host-martlet-browser" : "martlet-browser" }

    func signIn(in request: Request) -> SignInCookie? {
        value(of: signInName, in: request).flatMap { SignInCookie($0) }
    }

    func browser(in request: Request) -> KnownBrowser? {
        value(of: browserName, in: request).flatMap { KnownBrowser($0) }
    }

    /// The `Set-Cookie` header of a sign-in that lasts so long.
    func set(_ cookie: SignInCookie, for lifetime: Duration) -> String {
        header(signInName, cookie.text, lifetime)
    }

    func set(_ browser: KnownBrowser) -> String {
        header(browserName, browser.text, Self.browserLifetime)
    }

    /// The `Set-Cookie` header that takes the sign-in away.
    var removeSignIn: String { header(signInName, "", .zero) }

    private func header(_ name: String, _ value: String, _ lifetime: Duration) -> String {
        let secure = isSecure ? "; Secure" : ""
        return "\(name)=\(value); Path=/; Max-Age=\(max(0, lifetime.wholeSeconds)); HttpOnly; "
            + "SameSite=Lax\(secure)"
    }

    /// The one cookie of this name; `nil` if it came twice, for then one of them is not ours.
    ///
    /// Byte by byte, as browsers see it (RFC 6265 §5.2): a character that only looks like a
    /// semicolon would let another host of the domain write `__Host-` into a cookie of its own.
    private func value(of name: String, in request: Request) -> String? {
        let prefix = Array((name + "=").utf8)
        let values = request.headers[values: .cookie]
            .flatMap { $0.utf8.split(separator: UInt8(ascii: ";")) }
            .prefix(Self.maximumCount)
            .map { $0.drop { byte in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") } }
            .filter { $0.starts(with: prefix) }
            .map { $0.dropFirst(prefix.count) }
        guard values.count == 1, let value = values.first else { return nil }
        return String(value)
    }
}

/// A browser as its cookie tells it apart: a random id, and marks of the accounts that signed in
/// with it. It is no proof of anything but that it is the same browser.
struct KnownBrowser: Sendable, Equatable {
    /// Accounts of one browser that are remembered, the latest first.
    static let maximumMarks = 5
    private static let idLength = 16
    private static let maximumMark = 64

    let id: String
    let marks: [String]

    private init(id: String, marks: [String]) {
        self.id = id
        self.marks = marks
    }

    /// One that was not here before.
    init(in surroundings: Surroundings) {
        self.init(id: Base64URL.encode(surroundings.randomBytes(Self.idLength)), marks: [])
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".").map(String.init)
        guard let id = parts.first, Base64URL.decode(id)?.count == Self.idLength else {
            return nil
        }
        self.init(
            id: id,
            marks: parts.dropFirst().prefix(Self.maximumMarks).filter {
                // Of our alphabet: they are set again as they came.
                $0.utf8.count <= Self.maximumMark && Base64URL.decode($0) != nil
            }
        )
    }

    var text: String { ([id] + marks).joined(separator: ".") }

    /// The same, with the mark of the account that just signed in.
    func with(mark: String) -> KnownBrowser {
        let others = marks.filter { $0 != mark }
        return KnownBrowser(id: id, marks: Array(([mark] + others).prefix(Self.maximumMarks)))
    }
}
