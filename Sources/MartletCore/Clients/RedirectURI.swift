package import MartletProtocol

/// An address that a client registered for the browser to come back to (RFC 6749 §3.1.2).
///
/// It is https; or http where it never leaves the user's machine; or a scheme of the app's own
/// that is a domain name turned round, which keeps two apps from meeting by accident and
/// `javascript:` and its like out (RFC 8252 §7.1). A request's address is the registered one byte
/// for byte (RFC 9700 §4.1.3); only the port of a loopback address is free, because the system
/// gives an app another one each time (RFC 8252 §7.3).
package struct RedirectURI: Sendable, Hashable {
    /// More than any client needs; it also bounds what each authorization request compares.
    package static let maximumCount = 50

    private let uri: AbsoluteURI

    /// - Throws: `invalid_redirect_uri`, with the rule that the text breaks.
    package init(registering text: String) throws(OAuthError) {
        do throws(AbsoluteURI.Flaw) {
            uri = try AbsoluteURI(text)
        } catch {
            throw .redirectURI("A redirect URI \(error.rawValue)")
        }
        // Compared byte for byte it would lead nowhere, and its author means that it leads anywhere.
        guard !text.utf8.contains(UInt8(ascii: "*")) else {
            throw .redirectURI(
                "A redirect URI holds no *: there are no wildcards, so register each address (a "
                    + "star that is meant is %2A)."
            )
        }
        guard uri.isSecureWeb || isPrivateScheme else {
            switch uri.scheme {
            case "http":
                throw .redirectURI(
                    "A redirect URI with http goes to 127.0.0.1, [::1] or localhost; elsewhere it "
                        + "is https."
                )
            case "https": throw .redirectURI("A redirect URI with https has a host after its //.")
            default:
                throw .redirectURI(
                    "A redirect URI is https, or has an app's own scheme with a dot in it, as "
                        + "com.example.app:/callback (RFC 8252 7.1)."
                )
            }
        }
        guard !isPrivateScheme || uri.host != nil || uri.hasPath else {
            throw .redirectURI("A redirect URI has a path after its scheme.")
        }
    }

    package var text: String { uri.text }

    /// Whether a request's `redirect_uri` is this one.
    package func matches(_ requested: String) -> Bool {
        if text.isSameText(as: requested) { return true }
        guard isLoopback, uri.scheme == "http", let other = try? AbsoluteURI(requested) else {
            return false
        }
        return uri.isSame(butForThePortOf: other)
    }

    /// What a browser calls the page's origin, `https://host[:port]`; `nil` for an app's own
    /// scheme.
    package var origin: String? {
        guard !isPrivateScheme, let host = uri.host else { return nil }
        let standard: UInt16 = uri.scheme == "https" ? 443 : 80
        let port = uri.port.flatMap { $0 == standard ? nil : ":\($0)" }
        return "\(uri.scheme)://\(host)\(port ?? "")"
    }

    /// Whether it leads to a server on the user's own machine.
    package var isLoopback: Bool { !isPrivateScheme && uri.isLoopback }

    /// Whether it leads to whichever app has claimed a scheme.
    package var isPrivateScheme: Bool { uri.scheme.utf8.contains(UInt8(ascii: ".")) }

    /// In lower case; `nil` for an app's own scheme.
    package var host: String? { isPrivateScheme ? nil : uri.host }
}

extension OAuthError {
    static func redirectURI(_ sentence: String) -> OAuthError {
        OAuthError(.invalidRedirectURI, sentence)
    }
}
