import MartletProtocol
import Testing

@Suite("Scopes")
struct ScopeTests {
    private func scope(_ text: String) throws -> Scope { try #require(Scope(text)) }

    @Test("a scope is read and written as a list with spaces", .covers("RFC 6749 §3.3 syntax"))
    func readAndWritten() throws {
        let scope = try scope("openid read:orders offline_access")
        #expect(scope.tokens == ["openid", "read:orders", "offline_access"])
        #expect(scope.description == "openid read:orders offline_access")
        #expect("\(scope)" == scope.description)
        #expect(scope.contains("openid"))
        #expect(!scope.contains("open"))
        #expect(!scope.isEmpty)
    }

    @Test(
        "each character of RFC 6749 §3.3 is accepted, every other is refused",
        .covers("RFC 6749 §3.3 syntax")
    )
    func grammar() {
        for byte in UInt8(0)...255 where byte != 0x20 {
            let allowed =
                byte == 0x21 || (0x23...0x5B).contains(byte) || (0x5D...0x7E).contains(byte)
            let character = String(UnicodeScalar(byte))
            #expect((Scope(character) != nil) == allowed, "\(byte)")
            #expect((Scope("read a\(character)b") != nil) == allowed, "\(byte)")
            #expect((Scope(tokens: ["read", character]) != nil) == allowed, "\(byte)")
        }
    }

    @Test(
        "what is not made of scope tokens is refused",
        arguments: [
            "a\"b", "a\\b", "a\tb", "a\nb", "a\r\nb", "é", "a\u{A0}b", "a\u{3000}b", "\u{200B}",
            "read \u{301}", "read\u{301}", "\u{1F426}", "a\0", "\u{7F}",
        ]
    )
    func refused(_ text: String) {
        #expect(Scope(text) == nil)
    }

    @Test(
        "a character that only counts as equal to an allowed one is refused beside it too",
        arguments: [("K", "\u{212A}"), (";", "\u{37E}"), ("`", "\u{1FEF}")]
    )
    func lookAlike(_ allowed: String, _ other: String) {
        #expect(allowed == other, "Swift compares texts, not bytes")
        #expect(Scope(other) == nil)
        #expect(Scope("\(allowed) \(other)") == nil)
        #expect(Scope(tokens: [allowed, other]) == nil)
    }

    @Test("a token is no list, and not empty")
    func tokens() {
        #expect(Scope(tokens: ["read write"]) == nil)
        #expect(Scope(tokens: ["read", ""]) == nil)
        #expect(Scope(tokens: [" "]) == nil)
    }

    @Test("nothing, or spaces alone, is no scope at all", arguments: ["", " ", "     "])
    func none(_ text: String) throws {
        let scope = try scope(text)
        #expect(scope == .none)
        #expect(scope.isEmpty)
        #expect(scope.description == "")
    }

    @Test("spaces too many are passed over")
    func spaces() throws {
        #expect(try scope("  read   write ").tokens == ["read", "write"])
    }

    @Test("a token named twice counts once, where it was first named")
    func duplicates() throws {
        #expect(try scope("b a b a c b").tokens == ["b", "a", "c"])
        #expect(try scope("read Read READ").tokens.count == 3)
    }

    @Test("a hundred tokens are read, one more is refused; duplicates do not count")
    func tooMany() throws {
        let most = (0..<Scope.maximumCount).map { "s\($0)" }
        #expect(Scope.maximumCount == 100)
        #expect(try scope(most.joined(separator: " ")).tokens == most)
        #expect(try scope((most + most).joined(separator: " ")).tokens == most)
        #expect(Scope((most + ["s100"]).joined(separator: " ")) == nil)
        #expect(Scope(tokens: most + ["s100"]) == nil)
    }

    @Test("the empty scope is a subset of every scope, and every scope of itself")
    func subset() throws {
        let all = try scope("a b c")
        #expect(Scope.none.isSubset(of: .none))
        #expect(Scope.none.isSubset(of: all))
        #expect(!all.isSubset(of: .none))
        #expect(all.isSubset(of: all))
        #expect(try scope("c a").isSubset(of: all))
        #expect(try !scope("c a d").isSubset(of: all))
    }

    @Test("an intersection is in the first scope's order")
    func intersection() throws {
        let one = try scope("d c b a")
        let other = try scope("a b c x")
        #expect(one.intersection(other).tokens == ["c", "b", "a"])
        #expect(other.intersection(one).tokens == ["a", "b", "c"])
        #expect(one.intersection(.none) == .none)
        #expect(Scope.none.intersection(one) == .none)
        #expect(one.intersection(one) == one)
    }

    @Test("an intersection is the largest common subset")
    func intersectionLaws() throws {
        let names = ["a", "b", "c", "d"]
        let scopes = (0..<16).compactMap { bits in
            Scope(tokens: names.indices.filter { bits >> $0 & 1 == 1 }.map { names[$0] })
        }
        #expect(scopes.count == 16)
        for one in scopes {
            for other in scopes {
                let both = one.intersection(other)
                #expect(both.isSubset(of: one) && both.isSubset(of: other))
                #expect((both == one) == one.isSubset(of: other))
                #expect(Set(both.tokens) == Set(one.tokens).intersection(other.tokens))
            }
        }
    }
}
