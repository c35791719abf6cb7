import MartletCore
import Testing

@testable import MartletServer

@Suite("The message files")
struct MessageFilesTests {
    private static let english = Texts(.english).messages

    /// Names in braces, sorted: a translation may put them in another order.
    private func placeholders(_ message: String) -> [String] {
        message.split(separator: "{", omittingEmptySubsequences: false).dropFirst()
            .compactMap { $0.split(separator: "}").first.map(String.init) }.sorted()
    }

    @Test("say the same in every language: the same keys, the same placeholders")
    func complete() {
        for language in Language.allCases {
            let messages = Texts(language).messages
            #expect(Set(messages.keys) == Set(Self.english.keys))
            for (key, message) in messages {
                #expect(!message.isEmpty)
                let expected = placeholders(Self.english[key] ?? "")
                #expect(placeholders(message) == expected, "\(language.rawValue): \(key)")
            }
        }
    }

    @Test("hold what Swift and the templates ask for, and nothing else")
    func used() {
        let asked = MessageKey.allCases.map(\.rawValue)
        let shown = PageTemplate.allCases.flatMap { template in
            template.text.split(separator: "{{t.").dropFirst()
                .compactMap { $0.split(separator: "}").first.map(String.init) }
        }
        #expect(Set(Self.english.keys) == Set(asked).union(shown))
    }

    @Test("stand in for each other: an unknown language is English")
    func fallback() {
        #expect(Language.preferred(uiLocales: nil, acceptLanguage: nil) == .english)
        #expect(Language.preferred(uiLocales: "tlh", acceptLanguage: "fr") == .english)
    }

    @Test(
        "are chosen by the app's wish, then by the browser's weights",
        arguments: [
            ("de", nil, Language.german), ("fr de-CH en", nil, .german), ("EN", "de", .english),
            ("fr", "de", .german), (nil, "de-AT,de;q=0.9,en;q=0.8", .german),
            (nil, "en;q=0.8, de;q=0.9", .german), (nil, "de;q=0, en;q=0.1", .english),
            (nil, "de;q=0.5,en;q=0.5", .german), (nil, "*;q=0.5", .english),
            (nil, ";;;,,,;q=,de;q=x", .english), ("", "", .english),
            (nil, String(repeating: "fr,", count: 10_000) + "de", .english),
        ] as [(String?, String?, Language)]
    )
    func preference(uiLocales: String?, acceptLanguage: String?, language: Language) {
        #expect(
            Language.preferred(uiLocales: uiLocales, acceptLanguage: acceptLanguage) == language
        )
    }

    @Test("tell times as people read them")
    func times() {
        let now = SamplePages.now
        func shown(_ instant: Instant, _ language: Language = .english) -> String? {
            Texts(language).time(instant, .relative, seenFrom: now)["shown"] as? String
        }
        #expect(shown(now) == "just now")
        #expect(shown(now - .seconds(61)) == "1 minute ago")
        #expect(shown(now - .hours(5), .german) == "vor 5 Stunden")
        #expect(shown(now - .days(6)) == "6 days ago")
        #expect(shown(now - .days(8)) == "13 November 2026, 07:11 UTC")
        #expect(shown(now - .days(8), .german) == "13. November 2026, 07:11 UTC")
        #expect(shown(now + .seconds(5)) == "in 1 minute")
        #expect(shown(now + .hours(47)) == "in 47 hours")
        // To the nearest unit: what was just given 15 days does not end in 14.
        #expect(shown(now + .days(15) - .seconds(1)) == "in 15 days")
        #expect(shown(now + .hours(24) - .seconds(1)) == "in 24 hours")
        #expect(shown(now + .hours(48) - .seconds(1)) == "in 2 days")
        #expect(shown(now + .seconds(3599)) == "in 1 hour")
        #expect(shown(now - .seconds(3599)) == "1 hour ago")
        #expect(shown(now - .hours(24) + .seconds(1)) == "1 day ago")
        #expect(shown(now + .days(27), .german) == "in 27 Tagen")
        let time = Texts(.english).time(now, .exact, seenFrom: now)
        #expect(time["iso"] as? String == "2026-11-21T07:11:40Z")
    }
}
