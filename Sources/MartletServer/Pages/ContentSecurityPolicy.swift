/// What a page's browser may load and where its forms may lead (CSP Level 3). There is no inline
/// code and no inline style in any page, so neither is ever allowed.
struct ContentSecurityPolicy {
    let scripting: PageScripting
    /// Redirect URIs beside ourselves.
    let formTargets: [String]

    var text: String {
        var directives = ["default-src 'none'", "style-src 'self'", "img-src 'self'"]
        switch scripting {
        case .none: break
        case .submitsForm: directives.append("script-src 'self'")
        }
        let targets = formTargets.compactMap(Self.source)
        directives.append((["form-action", "'self'"] + targets).joined(separator: " "))
        directives += ["base-uri 'none'", "frame-ancestors 'none'"]
        return directives.joined(separator: "; ")
    }

    /// The source that covers a redirect URI: its origin, or the scheme alone where there is no
    /// host or CSP has no spelling for it (an IPv6 address). Nil for what is no URI: nothing that
    /// could end the directive gets in.
    static func source(of uri: String) -> String? {
        guard let colon = uri.firstIndex(of: ":") else { return nil }
        let scheme = uri[..<colon].lowercased()
        guard scheme.first?.isASCIILetter == true, scheme.allSatisfy(\.isInScheme) else {
            return nil
        }
        let rest = uri[uri.index(after: colon)...]
        guard scheme == "https" || scheme == "http", rest.hasPrefix("//") else {
            return scheme + ":"
        }
        let authority = rest.dropFirst(2).prefix { !"/?#\\".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        guard !host.isEmpty else { return nil }
        if host.hasPrefix("[") { return scheme + ":" }
        guard host.allSatisfy(\.isInHost) else { return nil }
        return "\(scheme)://\(host.lowercased())"
    }
}

extension Character {
    fileprivate var isASCIILetter: Bool { isASCII && isLetter }
    fileprivate var isInScheme: Bool { isASCII && (isLetter || isNumber || "+-.".contains(self)) }
    fileprivate var isInHost: Bool { isASCII && (isLetter || isNumber || "-.:".contains(self)) }
}
