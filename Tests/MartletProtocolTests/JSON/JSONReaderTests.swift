import MartletProtocol
import Testing

@Suite("Reading JSON")
struct JSONReaderTests {
    private func read(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8))
    }

    @Test("each kind of value is read, with its exact number")
    func values() throws {
        #expect(try read(" null ") == .null)
        #expect(try read("true") == true)
        #expect(try read("false") == false)
        #expect(try read("0") == 0)
        #expect(try read("9223372036854775807") == .integer(.max))
        #expect(try read("-9223372036854775808") == .integer(.min))
        #expect(try read("9223372036854775808") == .number(9_223_372_036_854_775_808))
        #expect(try read("1.5e3") == 1500.0)
        #expect(try read("1E+2") == .number(100))
        #expect(try read("[]") == [])
        #expect(try read("{}") == [:])
        #expect(try read("[1, [\"a\"],{ \"b\" : {} }]") == [1, ["a"], ["b": [:]]])
        #expect(try read("-0").number?.sign == .minus)
    }

    @Test("members keep their order and are found by name")
    func members() throws {
        let value = try read(#"{"b":1,"a":{"c":[true]},"":null}"#)
        #expect(value.object?.members.map(\.name) == ["b", "a", ""])
        #expect(value["a"]?["c"]?.array == [true])
        #expect(value[""]?.isNull == true)
        #expect(value["d"] == nil)
    }

    @Test("escapes are resolved, surrogate pairs included")
    func escapes() throws {
        #expect(try read(#""\"\\\/\b\f\n\r\t""#) == "\"\\/\u{8}\u{C}\n\r\t")
        #expect(try read(#""a\u00e9b\uD83D\uDE00c\u0000""#) == "aéb😀c\0")
        #expect(try read(#""é😀""#) == "é😀")
    }

    @Test("a member name that stands twice is refused, however it is spelled")
    func duplicates() throws {
        for text in [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"[{"b":{"x":1,"y":2,"x":3}}]"#] {
            #expect(throws: JSONError.self) { try read(text) }
        }
        let error = #expect(throws: JSONError.self) { try read(#"{"a":1,"a":1}"#) }
        #expect(error?.position == 7)
        #expect(error?.description == "A member's name stands twice in an object (byte 7)")
    }

    @Test(
        "what RFC 8259 does not allow is refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5",
            "1e", "1e+", "0x1", "1_0", "1e400", "-1e999", "'a'", "\"", "\"a", "\"\\", "\"\\x\"",
            "\"\\u12\"", "\"\\u12g4\"", "\"\\u+123\"", "\"\n\"", "\"\u{0}\"", "[", "[1", "[1,",
            "[1,]", "[,1]", "[1 2]", "]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}",
            "{,}", "{a:1}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "}", "1 2", "{}{}", "{} x",
            "null,", "/**/1", "1//", "\u{FEFF}1", "\u{A0}1", "\u{B}1",
        ]
    )
    func refused(text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test(
        "half a surrogate pair is refused",
        arguments: [
            #""\uD800""#, #""\uDC00""#, #""\uD800x""#, #""\uD800\n""#, #""\uD800\uD800""#,
            #""\uDC00\uD800""#, #""\uD83Dx\uDE00""#,
        ]
    )
    func surrogates(text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test(
        "invalid UTF-8 is refused: bad starts, short sequences, overlong forms, surrogates",
        arguments: [
            [0x80], [0xFF], [0xC3], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xE0, 0x80, 0xAF], [0xF4, 0x90, 0x80, 0x80],
        ] as [[UInt8]]
    )
    func invalidUTF8(bytes: [UInt8]) {
        let quote = Array("\"".utf8)
        #expect(throws: JSONError.self) { try JSONValue(parsing: quote + bytes + quote) }
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: quote + bytes + Array("\\n\"".utf8))
        }
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test("nesting is bounded, so that brackets cannot exhaust the stack")
    func depth() throws {
        let limit = JSONValue.maximumDepth
        let good = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        #expect(try read(good).array?.count == 1)
        #expect(throws: JSONError.self) { try read("[" + good + "]") }
        #expect(throws: JSONError.self) { try read(String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONError.self) {
            try read(String(repeating: "{\"a\":", count: 100_000))
        }
        // Siblings are not nesting.
        #expect(try read("[" + String(repeating: "[],", count: 200) + "[]]").array?.count == 201)
    }

    @Test(
        "a string of nothing but escapes is read in a time that grows with it, not with its square",
        .timeLimit(.minutes(1))
    )
    func manyEscapes() throws {
        let count = 1 << 20
        let text = "\"" + String(repeating: #"\n"#, count: count) + "\""
        #expect(try read(text).string?.utf8.count == count)
    }

    @Test("random bytes and damaged documents never crash the reader")
    func fuzz() {
        var random = SeededGenerator(state: 7)
        let document = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00"],"b":{"c":null}}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = document
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8(
                    truncatingIfNeeded: random.next()
                )
            }
            bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
            if let value = try? JSONValue(parsing: bytes) {
                #expect((try? JSONValue(parsing: value.encoded())) == value)
            }
        }
    }
}
