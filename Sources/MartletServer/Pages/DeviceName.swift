/// What a user agent says about itself, in two words: the program and the system.
///
/// It is what the other side claims, and half of it is history (every browser says Mozilla). What
/// is not known is left out rather than guessed; versions are left out, for browsers stopped
/// telling the truth about them.
struct DeviceName: Sendable, Equatable {
    /// `Firefox`, or the name that another program gave itself.
    let program: String?
    /// `Windows`, `iPhone`.
    let system: String?

    init(userAgent: String) {
        let isBrowser = userAgent.hasPrefix("Mozilla/")
        program = isBrowser ? Self.browser(userAgent) : Self.product(userAgent)
        system = Self.systems.first { mark, _ in userAgent.contains(mark) }?.name
    }

    func text(in texts: Texts) -> String {
        switch (program, system) {
        case (let program?, let system?):
            texts.text(.deviceOn, ["program": program, "system": system])
        case (let name?, nil), (nil, let name?): name
        case (nil, nil): texts[.deviceUnknown]
        }
    }

    /// The first that fits: browsers name those that they descend from after themselves.
    private static let browsers: [(mark: String, name: String)] = [
        ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"),
        ("OPT/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Vivaldi/", "Vivaldi"),
        ("YaBrowser/", "Yandex Browser"), ("DuckDuckGo/", "DuckDuckGo"), ("Ddg/", "DuckDuckGo"),
        ("UCBrowser/", "UC Browser"), ("MiuiBrowser/", "Mi Browser"), ("FxiOS/", "Firefox"),
        ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("Chromium/", "Chromium"),
        ("HeadlessChrome/", "Headless Chrome"), ("Chrome/", "Chrome"),
        ("Trident/", "Internet Explorer"),
    ]

    private static let systems: [(mark: String, name: String)] = [
        ("Windows Phone", "Windows Phone"), ("Windows", "Windows"), ("iPhone", "iPhone"),
        ("iPad", "iPad"), ("iPod", "iPod"), ("Android", "Android"), ("CrOS", "ChromeOS"),
        ("Macintosh", "macOS"), ("Mac OS X", "macOS"), ("macOS", "macOS"), ("FreeBSD", "FreeBSD"),
        ("OpenBSD", "OpenBSD"), ("Linux", "Linux"), ("X11", "Unix"), ("iOS", "iOS"),
    ]

    private static func browser(_ userAgent: String) -> String? {
        // An app's own window on Android says Chrome too, and is none.
        if userAgent.contains("; wv)") { return nil }
        if let browser = browsers.first(where: { userAgent.contains($0.mark) }) {
            return browser.name
        }
        // Safari's own version stands apart; the engine alone says Safari in many programs.
        return userAgent.contains("Version/") && userAgent.contains("Safari/") ? "Safari" : nil
    }

    /// The first product of any other program (RFC 9110 §10.1.5): `Photos` of `Photos/3.1 (iOS)`.
    private static func product(_ userAgent: String) -> String? {
        let name = userAgent.prefix { $0 != "/" && $0 != "(" && $0 != ";" }
        let words = String(name).shown(atMost: 40).split(whereSeparator: \.isWhitespace)
        return words.isEmpty ? nil : words.joined(separator: " ")
    }
}
