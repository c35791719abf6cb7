extension String {
    /// Somebody else's words as a page may show them: on one line, without characters that steer
    /// the writing, and no longer than a page bears. Names of apps and people come from outside,
    /// and could otherwise dress up as a part of the page.
    func shown(atMost limit: Int = 80) -> String {
        var text = String.UnicodeScalarView()
        var count = 0
        for scalar in unicodeScalars where !scalar.steersWriting {
            if count == limit {
                text.append("…")
                break
            }
            text.append(scalar)
            count += 1
        }
        return String(text)
    }

    /// The host of an http(s) URI, without port and user; nil for anything else.
    var shownHost: String? {
        guard let source = ContentSecurityPolicy.source(of: self),
            let slash = source.lastIndex(of: "/")
        else { return nil }
        let host = source[source.index(after: slash)...].prefix { $0 != ":" }
        return host.isEmpty ? nil : String(host)
    }

    /// The URI if a page may link to it: https, or an app's own page on this machine.
    var asLink: String? {
        hasPrefix("https://") && shownHost != nil ? self : nil
    }
}

extension Unicode.Scalar {
    fileprivate var steersWriting: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .privateUse: true
        case .format: !Self.joins.contains(self)
        default: false
        }
    }

    /// The joiner and non-joiner, which some scripts and many emoji are written with.
    private static let joins: Set<Unicode.Scalar> = ["\u{200C}", "\u{200D}"]
}
