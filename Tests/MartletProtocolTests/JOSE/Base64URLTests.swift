import MartletProtocol
import Testing

@Suite("Base64url")
struct Base64URLTests {
    @Test(
        "the vectors of RFC 4648 §10 are encoded without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
        ]
    )
    func vectors(text: String, encoded: String) {
        #expect(Base64URL.encode(Array(text.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test("the two characters of the URL alphabet are used and those of plain base64 are not")
    func alphabet() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
        #expect(Base64URL.decode("-_-_") == [0xFB, 0xFF, 0xBF])
        #expect(Base64URL.decode("+/+/") == nil)
    }

    @Test("any bytes come back, whether encoded to a string or behind other bytes")
    func roundTrip() {
        var random = SeededGenerator(state: 1)
        for count in 0..<300 {
            let bytes = random.bytes(count)
            let text = Base64URL.encode(bytes)
            #expect(text.utf8.count == Base64URL.encodedCount(of: count))
            #expect(Base64URL.decode(text) == bytes)
            var buffer = Array("x".utf8)
            Base64URL.append(bytes, to: &buffer)
            #expect(String(decoding: buffer, as: UTF8.self) == "x" + text)
        }
    }

    @Test(
        "what is not the canonical spelling is refused",
        arguments: [
            "A", "AAAAA", "Zg==", "Zm8=", "Zh", "Zm9", " Zg", "Zg ", "Z\ng", "Z.g", "Z\0", "Zé",
            "AA\u{0}A", "====", "Zm9vYmF/", "ＡＡ",
        ]
    )
    func hostile(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("of all endings of two and three characters exactly one in sixteen and in four is good")
    func trailingBits() {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        #expect(alphabet.filter { Base64URL.decode("A\($0)") != nil }.count == 4)
        #expect(alphabet.filter { Base64URL.decode("AA\($0)") != nil }.count == 16)
        #expect(alphabet.filter { Base64URL.decode("AAA\($0)") != nil }.count == 64)
    }
}
