import MartletProtocol
import Testing

@Suite("Secrets")
struct SecretTests {
    private struct Login {
        let name = "ada"
        let secret = Secret("correct horse")
        let optional: Secret? = Secret("battery staple")
    }

    private enum Proof {
        case password(Secret)
    }

    /// None of a secret's bytes, as text or as numbers.
    private func shows(_ text: String) -> Bool {
        ["correct", "horse", "battery", "staple", "99, 111", "98, 97", "- 99", "- 98", "bytes"]
            .contains(where: text.contains)
    }

    @Test("a secret describes itself as redacted")
    func redacted() {
        let secret = Secret("correct horse")
        #expect("\(secret)" == "<redacted>")
        #expect(String(describing: secret) == "<redacted>")
        #expect(String(reflecting: secret) == "<redacted>")
        #expect(secret.debugDescription == "<redacted>")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("nothing that holds a secret shows it")
    func enclosed() {
        let login = Login()
        var dumped = ""
        dump(login, to: &dumped)
        dump(login.secret, to: &dumped)
        dump([login.secret], to: &dumped)
        dump(Proof.password(login.secret), to: &dumped)
        let texts = [
            "\(login)", String(reflecting: login), dumped, "\([login.secret])",
            "\(["key": login.secret])", "\(Optional(login.secret) as Any)",
            "\(Proof.password(login.secret))", "\((login.secret, 1))",
        ]
        for text in texts {
            #expect(!shows(text), "\(text)")
            #expect(text.contains("<redacted>"))
        }
        #expect("\(login)".contains("ada"))
    }

    @Test("the mirror of an enclosing value shows a secret without children")
    func mirror() {
        for child in Mirror(reflecting: Login()).children where child.label != "name" {
            #expect(!shows("\(child.value)"))
        }
    }

    @Test("secrets are equal when all their bytes are")
    func equality() {
        let bytes = [UInt8](0...31)
        let secret = Secret(bytes)
        #expect(secret == Secret(bytes))
        #expect(Secret("") == Secret([]))
        #expect(Secret("é") == Secret([0xC3, 0xA9]))
        for bit in 0..<256 {
            var other = bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(secret != Secret(other))
        }
        #expect(secret != Secret(Array(bytes.dropLast())))
        #expect(secret != Secret(bytes + [0]))
        #expect(secret != Secret([]))
    }

    @Test("two spellings of one text are two secrets, for bytes count")
    func spellings() {
        #expect("e\u{301}" == "\u{E9}")
        #expect(Secret("e\u{301}") != Secret("\u{E9}"))
    }

    @Test("runs of bytes are compared whole", arguments: [0, 1, 16, 32, 1000])
    func constantTime(_ count: Int) {
        let zeros = [UInt8](repeating: 0, count: count)
        #expect(constantTimeEqual(zeros, zeros))
        #expect(!constantTimeEqual(zeros, zeros + [0]))
        for place in Set([0, count / 2, count - 1]) where zeros.indices.contains(place) {
            var other = zeros
            other[place] = 0x80
            #expect(!constantTimeEqual(zeros, other))
        }
    }
}
