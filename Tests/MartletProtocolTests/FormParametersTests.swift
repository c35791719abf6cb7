import MartletProtocol
import Testing

@Suite("Form parameters")
struct FormParametersTests {
    private func parse(_ text: String) throws -> FormParameters {
        try FormParameters(parsing: Array(text.utf8))
    }

    // MARK: - Decoding

    @Test("a form is split at & and =")
    func splits() throws {
        let form = try parse("grant_type=refresh_token&client_id=web&state=a=b=c")
        #expect(try form.one("grant_type") == "refresh_token")
        #expect(try form.one("client_id") == "web")
        #expect(try form.one("state") == "a=b=c")
        #expect(try form.one("scope") == nil)
        #expect(form.all("scope").isEmpty)
    }

    @Test("the example of RFC 6749 appendix B is decoded", .covers("RFC 6749 §B form-encoding"))
    func appendixB() throws {
        let form = try parse("value=+%25%26%2B%C2%A3%E2%82%AC")
        #expect(try form.one("value") == " %&+£€")
    }

    @Test("a plus is a space and %2B a plus, in names and values")
    func plus() throws {
        let form = try parse("a+b=c+d&a%2Bb=c%2Bd&a%20b2=%20")
        #expect(try form.one("a b") == "c d")
        #expect(try form.one("a+b") == "c+d")
        #expect(try form.one("a b2") == " ")
    }

    @Test("each byte may be percent-encoded, in either case of the digits")
    func everyByte() throws {
        let digits = Array("0123456789abcdef")
        for byte in UInt8(0)...127 {
            let high = digits[Int(byte >> 4)]
            let low = digits[Int(byte & 15)]
            let expected = String(UnicodeScalar(byte))
            #expect(try parse("v=%\(high)\(low)x").one("v") == expected + "x")
            let upper = "v=%" + String(high).uppercased() + String(low).uppercased()
            #expect(try parse(upper).one("v") == expected)
        }
    }

    @Test("encoded separators separate nothing")
    func encodedSeparators() throws {
        let form = try parse("a=1%26b%3D2")
        #expect(try form.one("a") == "1&b=2")
        #expect(try form.one("b") == nil)
    }

    @Test("what was decoded is not decoded again")
    func once() throws {
        #expect(try parse("a=%2541%252B").one("a") == "%41%2B")
    }

    @Test("raw UTF-8 is read as it is")
    func rawUTF8() throws {
        #expect(try parse("name=Zoë&x=\u{1F426}").one("name") == "Zoë")
    }

    // MARK: - What is refused

    @Test(
        "a percent sign without two hexadecimal digits is refused",
        arguments: [
            "a=%", "a=%4", "a=%4&b=1", "a=%&b=41", "a=%zz", "a=%4g", "a=%g4", "a=%%41", "a=%+41",
            "%=a", "%4=a", "a%=b", "a=%-1", "a=% 1", "a=%0x41", "a=%u0041", "a=b&c=%",
            "a=%\u{FF14}1",
        ]
    )
    func badPercent(_ text: String) {
        #expect(throws: FormParameters.Malformed.percentEncoding) { try parse(text) }
    }

    @Test(
        "names and values that are not UTF-8 are refused",
        .covers("RFC 6749 §B form-encoding"),
        arguments: [
            "a=%FF", "a=%C3", "a=%C3%28", "a=%80", "%FF=a", "a=%C0%80", "a=%C1%BF", "a=%ED%A0%80",
            "a=%F4%90%80%80", "a=%E2%82", "a=%F0%82%82%AC", "a=%C3&b=%A9",
        ]
    )
    func notUTF8(_ text: String) {
        #expect(throws: FormParameters.Malformed.notUTF8) { try parse(text) }
    }

    @Test("raw bytes that are not UTF-8 are refused")
    func rawNotUTF8() {
        for bytes in [[0xFF], [0xC3], [0x80, 0x80], [0xED, 0xA0, 0x80]] as [[UInt8]] {
            #expect(throws: FormParameters.Malformed.notUTF8) {
                try FormParameters(parsing: Array("a=".utf8) + bytes)
            }
        }
    }

    @Test("64 parameters are read, one more is refused")
    func tooMany() throws {
        let most = (0..<FormParameters.maximumCount).map { "p\($0)=1" }
        #expect(FormParameters.maximumCount == 64)
        #expect(try parse(most.joined(separator: "&")).one("p63") == "1")
        let more = (most + ["one_more="]).joined(separator: "&")
        #expect(throws: FormParameters.Malformed.tooMany) { try parse(more) }
        let many = String(repeating: "a&", count: 100_000)
        #expect(throws: FormParameters.Malformed.tooMany) { try parse(many) }
    }

    // MARK: - Repeated and empty

    @Test(
        "a parameter that is asked for and was sent twice is an error, even if empty or equal",
        arguments: ["a=1&a=2", "a=1&a=1", "a=&a=1", "a=1&a=", "a&a", "a=1&b=2&%61=3", "a=&a="]
    )
    func repeated(_ text: String) throws {
        let form = try parse(text)
        let error = #expect(throws: OAuthError.self) { try form.one("a") }
        #expect(error?.code == .invalidRequest)
    }

    @Test("a parameter that nobody asks for may be sent twice")
    func repeatedUnread() throws {
        #expect(try parse("x=1&x=2&a=3").one("a") == "3")
    }

    @Test("all values of a name come in their order, the empty ones left out")
    func all() throws {
        let form = try parse("resource=b&resource=&other=x&resource=a&resource&resource=b")
        #expect(form.all("resource") == ["b", "a", "b"])
        #expect(form.all("nothing") == [])
    }

    @Test("an empty value counts as absent", arguments: ["a=", "a", "a=&b=1", "&&a=&&", "b=1&a"])
    func empty(_ text: String) throws {
        let form = try parse(text)
        #expect(try form.one("a") == nil)
        #expect(form.all("a").isEmpty)
    }

    @Test("nothing at all is a form without parameters", arguments: ["", "&", "&&&&", "=", "=&="])
    func nothing(_ text: String) throws {
        #expect(try parse(text).one("a") == nil)
    }

    @Test("names are told apart by case and by what stands around them")
    func names() throws {
        let form = try parse("Scope=1&scope+=2&+scope=3&scope%00=4&scope=5")
        #expect(try form.one("scope") == "5")
        #expect(form.all("scope") == ["5"])
    }

    @Test("slices of a larger form keep their own borders")
    func borders() throws {
        let form = try parse("a=%4&b=1".replacing("%4", with: "%41"))
        #expect(try form.one("a") == "A")
        #expect(try form.one("b") == "1")
        #expect(throws: FormParameters.Malformed.percentEncoding) { try parse("a=%4&41=1") }
    }

    // MARK: - Hostile bytes

    @Test("no bytes crash the parser, and what it reads it reads the same way again")
    func hostile() {
        var numbers = SeededGenerator(state: 2026)
        let likely = Array("%&=+%%&&a1F\u{0}".utf8) + [0xFF, 0xC3, 0xA9, 0xED]
        var read = 0
        for round in 0..<40_000 {
            let count = Int.random(in: 0...(round % 100 == 0 ? 2000 : 24), using: &numbers)
            let bytes = (0..<count).map { _ in
                round % 2 == 0
                    ? likely[Int.random(in: likely.indices, using: &numbers)]
                    : UInt8.random(in: 0...255, using: &numbers)
            }
            guard let form = try? FormParameters(parsing: bytes) else { continue }
            read += 1
            let once = form.all("a")
            let again = try? FormParameters(parsing: bytes).all("a")
            if once != again || once.contains("") {
                Issue.record("\(bytes)")
                return
            }
            _ = try? form.one("a")
        }
        #expect(read > 1000)
    }

    @Test("whatever is encoded is read back")
    func roundTrip() throws {
        var numbers = SeededGenerator(state: 7)
        let digits = Array("0123456789ABCDEF".utf8)
        for _ in 0..<2000 {
            let scalars = (0..<8).compactMap { _ in
                UnicodeScalar(UInt32.random(in: 1...0x10FFFF, using: &numbers))
            }
            let text = "x" + String(String.UnicodeScalarView(scalars))
            let encoded = text.utf8.flatMap { byte in
                [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
            let form = try FormParameters(parsing: Array("v=".utf8) + encoded)
            let value = try form.one("v") ?? ""
            guard Array(value.utf8) == Array(text.utf8) else {
                Issue.record("\(text)")
                return
            }
        }
    }
}
