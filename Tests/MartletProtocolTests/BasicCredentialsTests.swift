import MartletProtocol
import Testing

@Suite("Basic credentials")
struct BasicCredentialsTests {
    /// Base64 with padding, made from the base64url that is tested elsewhere.
    private func base64(_ bytes: [UInt8]) -> String {
        var text = Base64URL.encode(bytes)
            .split(separator: "-", omittingEmptySubsequences: false).joined(separator: "+")
            .split(separator: "_", omittingEmptySubsequences: false).joined(separator: "/")
        while !text.utf8.count.isMultiple(of: 4) { text += "=" }
        return text
    }

    private func read(_ pair: String, scheme: String = "Basic ") -> BasicCredentials? {
        BasicCredentials(headerValue: scheme + base64(Array(pair.utf8)))
    }

    @Test("the example of RFC 6749 §2.3.1 is read", .covers("RFC 6749 §2.3.1 basic"))
    func example() throws {
        let header = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"
        let credentials = try #require(BasicCredentials(headerValue: header))
        #expect(credentials.clientID == "s6BhdRkqt3")
        #expect(credentials.secret == Secret("7Fjfp0ZBr1KtDRbnfVdmIw"))
    }

    @Test(
        "identifier and secret are form-decoded after the first colon parts them",
        .covers("RFC 6749 §2.3.1 basic")
    )
    func formDecoded() throws {
        let credentials = try #require(read("https%3A%2F%2Fapp.example+one:a%3Ab+c%2B%25%C3%A9"))
        #expect(credentials.clientID == "https://app.example one")
        #expect(credentials.secret == Secret("a:b c+%é"))
    }

    @Test("a colon in the secret needs no encoding")
    func colons() throws {
        let credentials = try #require(read("web:a:b::c"))
        #expect(credentials.clientID == "web")
        #expect(credentials.secret == Secret("a:b::c"))
    }

    @Test("an empty secret is read, for a client may have none", arguments: ["web:"])
    func emptySecret(_ pair: String) throws {
        let credentials = try #require(read(pair))
        #expect(credentials.secret == Secret(""))
    }

    @Test(
        "the scheme is read in any case, with any number of spaces",
        arguments: ["Basic ", "basic ", "BASIC ", "bAsIc ", "Basic    "]
    )
    func scheme(_ scheme: String) throws {
        #expect(BasicCredentials.isBasic(scheme))
        #expect(try #require(read("web:x", scheme: scheme)).clientID == "web")
    }

    @Test(
        "another scheme is not Basic",
        arguments: [
            "", "Basic", "Bearer ", "Basi ", "Basics ", "Basic\t", " Basic ", "Ba\u{17F}ic ",
        ]
    )
    func otherScheme(_ scheme: String) {
        #expect(!BasicCredentials.isBasic(scheme))
        #expect(read("web:x", scheme: scheme) == nil)
    }

    @Test("each length of padding is read", arguments: ["w:", "we:", "web:", "web:1", "web:12"])
    func padding(_ pair: String) {
        #expect(read(pair) != nil)
    }

    @Test(
        "padding that is missing, too much or in the middle is refused",
        arguments: [
            "d2ViOjE", "d2ViOjE==", "d2ViOjE===", "d2ViOjE=====", "d2ViOg", "d2ViOg=", "d2ViOg===",
            "d2ViOjEy=", "d2ViOjEy====", "d2Vi=OjE", "=d2ViOjE", "====", "=", "d2VpOg==d2VpOg==",
        ]
    )
    func badPadding(_ encoded: String) {
        #expect(BasicCredentials(headerValue: "Basic " + encoded) == nil)
    }

    @Test("the alphabet is that of base64, not base64url")
    func alphabet() throws {
        // "w:~~?" gives a + or / in the standard alphabet, whatever its place.
        let pair = "w:>>>???"
        let encoded = base64(Array(pair.utf8))
        #expect(encoded.contains("+") && encoded.contains("/"))
        #expect(try #require(read(pair)).secret == Secret(">>>???"))
        let dashed = encoded.split(separator: "+", omittingEmptySubsequences: false)
            .joined(separator: "-")
        let lined = encoded.split(separator: "/", omittingEmptySubsequences: false)
            .joined(separator: "_")
        #expect(BasicCredentials(headerValue: "Basic " + dashed) == nil)
        #expect(BasicCredentials(headerValue: "Basic " + lined) == nil)
    }

    @Test(
        "what is not base64 is refused",
        arguments: [
            "", "web:secret", "d2ViOjE =", "d2Vi OjE=", "d2ViOjE=\n", "\td2ViOjE=",
            "d2Vi\u{301}OjE=",
            "d2ViOjF=", "éééé", "%%%%",
        ]
    )
    func notBase64(_ encoded: String) {
        #expect(BasicCredentials(headerValue: "Basic " + encoded) == nil)
    }

    @Test(
        "without a colon, without an identifier, or badly encoded there are no credentials",
        arguments: ["web", "", ":", ":secret", "we%3Ab", "web%:x", "web:%", "web:%4", "%zz:x"]
    )
    func malformed(_ pair: String) {
        #expect(read(pair) == nil)
    }

    @Test("what is not UTF-8 is refused, raw or encoded")
    func notUTF8() {
        #expect(read("web:%FF") == nil)
        #expect(read("%C3%28:x") == nil)
        for bytes in [[0xFF, 0x3A, 0x61], [0x61, 0x3A, 0xC3], [0x61, 0x3A, 0x80]] as [[UInt8]] {
            #expect(BasicCredentials(headerValue: "Basic " + base64(bytes)) == nil)
        }
    }

    @Test("no header crashes the reader")
    func hostile() {
        var numbers = SeededGenerator(state: 31)
        var read = 0
        for round in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &numbers)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
            if round % 2 == 0 { bytes = bytes.map { 0x20 + $0 % 0x5F } }
            let header = round % 4 < 2 ? base64(bytes) : String(decoding: bytes, as: UTF8.self)
            guard let found = BasicCredentials(headerValue: "Basic " + header) else { continue }
            read += 1
            #expect(!found.clientID.isEmpty)
        }
        #expect(read > 100)
    }

    @Test("no description of credentials shows the secret")
    func redacted() throws {
        let credentials = try #require(read("web:s3cr3t"))
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("s3cr3t"))
            #expect(text.contains("<redacted>"))
        }
    }
}
