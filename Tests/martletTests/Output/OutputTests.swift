import MartletCore
import Testing

@testable import martlet

@Suite("What commands print")
struct OutputTests {
    @Test("columns stand under each other, and no line ends in spaces")
    func table() {
        var table = TextTable("id", "user", "state")
        table.add("a", "ada", "live")
        table.add("bcd", "", "")
        #expect(table.text == "ID   USER  STATE\na    ada   live\nbcd  -     -")
    }

    @Test("wide characters and accents keep the columns straight")
    func wideCharacters() {
        var table = TextTable("a", "b")
        table.add("日本", "x")
        table.add("e\u{301}t", "x")
        #expect(table.text == "A     B\n日本  x\ne\u{301}t    x")
    }

    @Test("facts leave out what is not known")
    func facts() {
        var facts = TextFacts()
        facts.add("session", "s1")
        facts.add("ended", nil)
        facts.add("by", "")
        facts.add("user", "ada")
        #expect(facts.text == "session  s1\nuser     ada")
    }

    @Test("text from outside cannot act on the terminal")
    func printable() {
        #expect("a\u{1B}[2Jb\n\u{7F}\u{9B}".printable == "a\\u{1B}[2Jb\\u{A}\\u{7F}\\u{9B}")
        #expect("a\u{202E}b\u{2028}".printable == "a\\u{202E}b\\u{2028}")
        #expect("Zoë 日本 👩‍👩‍👧".printable == "Zoë 日本 👩‍👩‍👧")
        var table = TextTable("a")
        table.add("x\r\ny")
        #expect(table.text == "A\nx\\u{D}\\u{A}y")
    }

    @Test(
        "an instant is a date and a time in UTC",
        arguments: [
            (0, "1970-01-01 00:00 UTC", "1970-01-01T00:00:00Z"),
            (1_795_234_209, "2026-11-21 04:10 UTC", "2026-11-21T04:10:09Z"),
            (951_782_400, "2000-02-29 00:00 UTC", "2000-02-29T00:00:00Z"),
            (4_107_542_399, "2100-02-28 23:59 UTC", "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01 00:00 UTC", "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31 23:59 UTC", "1969-12-31T23:59:59Z"),
            (253_402_300_799, "9999-12-31 23:59 UTC", "9999-12-31T23:59:59Z"),
        ] as [(Int64, String, String)]
    )
    func instants(seconds: Int64, text: String, rfc3339: String) {
        #expect(Instant(seconds: seconds).text == text)
        #expect(Instant(seconds: seconds).rfc3339 == rfc3339)
    }

    @Test(
        "an instant seen from another is told in its largest unit",
        arguments: [
            (0, "now"), (1, "in 1 second"), (-1, "1 second ago"), (59, "in 59 seconds"),
            (119, "in 1 minute"), (-7200, "2 hours ago"), (86_400 * 14 + 5, "in 14 days"),
        ] as [(Int64, String)]
    )
    func relative(offset: Int64, text: String) {
        let now = Instant(seconds: 1_795_234_209)
        #expect((now + .seconds(offset)).text(seenFrom: now) == text)
    }

    @Test(
        "a duration is told exactly, in all its units",
        arguments: [
            (0, "0 seconds"), (1, "1 second"), (90, "1 minute 30 seconds"),
            (5400, "1 hour 30 minutes"), (1_296_000, "15 days"),
            (90_061, "1 day 1 hour 1 minute 1 second"),
            (-60, "-1 minute"),
        ] as [(Int64, String)]
    )
    func durations(seconds: Int64, text: String) {
        #expect(Duration.seconds(seconds).text == text)
    }

    @Test("a refusal is a sentence of ours; other errors are none")
    func refusals() {
        struct Other: Error {}
        #expect(Refusal(ConfigurationError("a.")) == Refusal("a."))
        #expect(Refusal(Refusal("b.")) == Refusal("b."))
        #expect(Refusal(Other()) == nil)
    }
}
