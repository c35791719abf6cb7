import MartletProtocol
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test("members are written in the order of the calls, slashes and UTF-8 as they are")
    func compact() {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("url", "https://a/é")
            writer.member("number", 600)
            writer.member("big", Int64.min)
            writer.member("yes", true)
            writer.member("list", ["a", "b"])
            writer.member("none", [String]())
            writer.member("value", ["x": [1, 2.5, .null]] as JSONValue)
            writer.member("inner", object: { $0.member("a", "b") })
            writer.member("empty", object: { _ in })
            writer.member("absent", ifPresent: nil as String?)
            writer.member("present", ifPresent: 1 as Int64?)
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"url":"https://a/é","number":600,"big":-9223372036854775808,"yes":true,"#
                + #""list":["a","b"],"none":[],"value":{"x":[1,2.5,null]},"inner":{"a":"b"},"#
                + #""empty":{},"present":1}"#
        )
    }

    @Test("the pretty layout puts one member on a line")
    func pretty() {
        let value: JSONValue = ["a": [1, ["b": true]], "c": [:], "d": []]
        #expect(
            String(decoding: value.encoded(.pretty), as: UTF8.self) == """
                {
                  "a": [
                    1,
                    {
                      "b": true
                    }
                  ],
                  "c": {},
                  "d": []
                }
                """
        )
    }

    @Test("quotation marks, backslashes and control characters are escaped, and nothing else")
    func escaping() throws {
        let text = "\"\\\u{8}\t\n\u{C}\r\u{0}\u{1F}\u{7F}/é😀\u{2028}"
        let encoded = JSONValue.string(text).encoded()
        #expect(
            String(decoding: encoded, as: UTF8.self)
                == "\"\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001f\u{7F}/é😀\u{2028}\""
        )
        #expect(try JSONValue(parsing: encoded).string == text)
    }

    @Test("a number that JSON cannot say is written as null")
    func numbers() {
        #expect(JSONValue.number(.infinity).encoded() == Array("null".utf8))
        #expect(JSONValue.number(.nan).encoded() == Array("null".utf8))
    }

    @Test("any value comes back as it was written, in both layouts")
    func roundTrip() throws {
        var random = SeededGenerator(state: 3)
        for _ in 0..<500 {
            let value = Self.value(depth: 4, &random)
            #expect(try JSONValue(parsing: value.encoded()) == value)
            #expect(try JSONValue(parsing: value.encoded(.pretty)) == value)
        }
    }

    private static func value(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth == 0 ? 5 : 7), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64(truncatingIfNeeded: random.next()))
        case 3: return .number(Double.random(in: -1e9...1e9, using: &random))
        case 4: return .string(text(&random))
        case 5:
            let count = Int.random(in: 0...4, using: &random)
            return .array((0..<count).map { _ in value(depth: depth - 1, &random) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                object[text(&random)] = value(depth: depth - 1, &random)
            }
            return .object(object)
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let bound: UInt32 = [0x80, 0x800, 0xD800, 0x11_0000].randomElement(using: &random) ?? 1
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<bound, using: &random)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    @Test("setting, replacing and removing members keeps the order of the others")
    func object() {
        var object = JSONObject()
        object["a"] = 1
        object["b"] = 2
        object["c"] = 3
        object["b"] = "two"
        object["a"] = nil
        object["z"] = nil
        #expect(object.members.map(\.name) == ["b", "c"])
        #expect(object["b"] == "two")
        #expect(JSONValue.object(object) == ["b": "two", "c": 3])
    }

    @Test("member names are compared as bytes, not as canonically equivalent text")
    func bytewise() {
        var object = JSONObject()
        object["é"] = 1
        #expect(object["e\u{301}"] == nil)
        #expect(object["é"] == 1)
    }
}
