/// A language that the pages speak; its raw value is what stands in `lang`.
package enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case german = "de"

    /// More wishes than this are no longer read.
    private static let maximumWishes = 16

    /// The first language that is asked for and spoken: the app's wish (`ui_locales`, OIDC Core
    /// §3.1.2.1) before the browser's (RFC 9110 §12.5.4). English if nobody asks for one of ours.
    static func preferred(uiLocales: String?, acceptLanguage: String?) -> Language {
        let wishes =
            (uiLocales ?? "").split(separator: " ", maxSplits: maximumWishes).prefix(maximumWishes)
            .map(String.init) + ranked(acceptLanguage ?? "")
        return wishes.lazy.compactMap(Language.init(tag:)).first ?? .english
    }

    /// `de-AT` is German, whatever the case (RFC 4647 §3.4).
    private init?(tag: String) {
        let primary = tag.prefix { $0 != "-" && $0 != "_" }.lowercased()
        self.init(rawValue: primary)
    }

    /// The languages of an `Accept-Language` header, the dearest first; those at weight 0 are not
    /// wanted at all.
    private static func ranked(_ header: String) -> [String] {
        let wishes = header.split(separator: ",", maxSplits: maximumWishes).prefix(maximumWishes)
            .map(weighted).filter { $0.weight > 0 }
        // Stable: of two that weigh the same, the one that stands first.
        return wishes.enumerated()
            .sorted { ($1.element.weight, $0.offset) < ($0.element.weight, $1.offset) }
            .map(\.element.tag)
    }

    private static func weighted(_ wish: Substring) -> (tag: String, weight: Double) {
        let parts = wish.split(separator: ";").map { part in
            String(part.filter { !$0.isWhitespace })
        }
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) }
        return (parts.first ?? "", (weight ?? 1) ?? 0)
    }
}
