import Crypto
import MartletProtocol
import Testing

@testable import MartletCore

/// The string that a client holds: what it looks like, and what is refused before any storage.
@Suite("The refresh token's string")
struct RefreshTokenTests {
    private let keys = RefreshKeys(
        Dictionary(
            uniqueKeysWithValues: [1, 2].map { id in
                (RefreshKeyID(id), AuthenticationKey(Self.key(id)))
            }
        )
    )

    private static func key(_ id: UInt8) -> SymmetricKey {
        SymmetricKey(data: [UInt8](repeating: id, count: 32))
    }

    private let token = RefreshToken(
        key: RefreshKeyID(1),
        family: Sample.id,
        generation: Generation(7),
        secret: Sample.secret
    )

    /// 46 bytes, tagged rightly whatever the first 30 of them are.
    private func encode(tagging body: [UInt8], with id: UInt8 = 1) throws -> String {
        let tag = HMAC<SHA256>.authenticationCode(for: body, using: Self.key(id)).prefix(16)
        return "mrt_" + Base64URL.encode(body + tag)
    }

    private func bytes(of text: String) throws -> [UInt8] {
        try #require(Base64URL.decode(String(text.dropFirst(4))))
    }

    // MARK: - What it looks like

    @Test(
        "the bytes are version, key id, family, generation, secret and tag",
        .covers("RFC 6749 §10.10 entropy")
    )
    func layout() throws {
        let token = RefreshToken(
            key: RefreshKeyID(2),
            family: try #require(FamilyID(0x0102_0304_0506_0708)),
            generation: Generation(0x090A_0B0C),
            secret: Sample.secret
        )
        let text = try #require(token.encoded(with: keys))
        let body: [UInt8] =
            [1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] + [UInt8](repeating: 0xA5, count: 16)
        #expect(try bytes(of: text).prefix(30) == body[...])
        #expect(try text == encode(tagging: body, with: 2))
    }

    @Test("one token, written out, stays what it is for ever")
    func frozen() throws {
        let text = try #require(token.encoded(with: keys))
        // Made by another program, from the description of the format.
        let made = "mrt_AQE0YwuKAAODgwAAAAelpaWlpaWlpaWlpaWlpaWlP7AwbTV9wUmNFtih1wcJFA"
        #expect(text == made)
    }

    @Test("a token is mrt_ and 62 characters of base64url")
    func length() throws {
        let text = try #require(token.encoded(with: keys))
        #expect(text.utf8.count == 66)
        #expect(text.hasPrefix("mrt_"))
        let digits = text.dropFirst(4).utf8.allSatisfy { byte in
            Base64URL.decode(String(decoding: [byte, byte, 65, 65], as: UTF8.self)) != nil
        }
        #expect(digits)
    }

    @Test("whatever is written is read back")
    func roundTrip() throws {
        var numbers = SeededNumbers(seed: 4711)
        for round in 0..<2000 {
            let token = RefreshToken(
                key: RefreshKeyID(UInt8(1 + round % 2)),
                family: try #require(FamilyID(Int64(numbers.next() >> 1) | 1)),
                generation: Generation(UInt32(truncatingIfNeeded: numbers.next())),
                secret: Secret(numbers.bytes(16))
            )
            let text = try #require(token.encoded(with: keys))
            guard RefreshToken.read(text, with: keys) == .issued(token), text.utf8.count == 66
            else {
                Issue.record("\(text)")
                return
            }
        }
    }

    @Test("the ends of each range are read back")
    func edges() throws {
        for family in [Int64(1), .max] {
            for generation in [Generation.first, .last] {
                for byte in [UInt8(0), 255] {
                    let token = RefreshToken(
                        key: RefreshKeyID(1),
                        family: try #require(FamilyID(family)),
                        generation: generation,
                        secret: Secret([UInt8](repeating: byte, count: 16))
                    )
                    let text = try #require(token.encoded(with: keys))
                    #expect(RefreshToken.read(text, with: keys) == .issued(token))
                }
            }
        }
    }

    @Test("the successor of a token is the same string each time")
    func successor() throws {
        let text = try #require(token.encoded(with: keys))
        guard case .issued(let read) = RefreshToken.read(text, with: keys) else {
            Issue.record("not read")
            return
        }
        let once = read.with(generation: Generation(8)).encoded(with: keys)
        let again = token.with(generation: Generation(8)).encoded(with: keys)
        #expect(once == again)
        #expect(once != text)
    }

    @Test("a token of an unknown key is not written")
    func unknownKeyNotWritten() {
        let token = RefreshToken(
            key: RefreshKeyID(9),
            family: Sample.id,
            generation: .first,
            secret: Sample.secret
        )
        #expect(token.encoded(with: keys) == nil)
        #expect(!keys.contains(RefreshKeyID(9)))
        #expect(keys.contains(RefreshKeyID(2)))
    }

    // MARK: - What is refused

    @Test("each single flipped bit is refused", .covers("RFC 6749 §10.4 not-forged"))
    func flippedBits() throws {
        let good = try bytes(of: #require(token.encoded(with: keys)))
        #expect(good.count == 46)
        for bit in 0..<(46 * 8) {
            var bytes = good
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            let presented = RefreshToken.read("mrt_" + Base64URL.encode(bytes), with: keys)
            let otherKey = RefreshKeyID(bytes[1])
            let expected: RefreshToken.Presented =
                otherKey.value > 2 || otherKey.value == 0 ? .unknownKey(otherKey) : .invalid
            #expect(presented == expected, "bit \(bit)")
        }
    }

    @Test("each other character at each place is refused")
    func otherCharacters() throws {
        let good = Array(try #require(token.encoded(with: keys)).utf8)
        var accepted = 0
        for place in good.indices {
            for byte in UInt8(0)...127 where byte != good[place] {
                var bytes = good
                bytes[place] = byte
                let text = String(decoding: bytes, as: UTF8.self)
                if case .issued = RefreshToken.read(text, with: keys) { accepted += 1 }
            }
        }
        #expect(accepted == 0)
    }

    @Test("a token cut, extended or padded is refused")
    func otherLengths() throws {
        let good = try #require(token.encoded(with: keys))
        for count in 0..<good.utf8.count {
            #expect(RefreshToken.read(String(good.prefix(count)), with: keys) == .invalid)
            #expect(RefreshToken.read(String(good.suffix(count)), with: keys) == .invalid)
        }
        for tail in [
            "A", "AA", "=", "==", " ", "\n", "\0", "\u{301}", String(repeating: "A", count: 62),
        ] {
            #expect(RefreshToken.read(good + tail, with: keys) == .invalid)
            #expect(RefreshToken.read(tail + good, with: keys) == .invalid)
        }
    }

    @Test("another spelling of a good token is refused")
    func otherSpellings() throws {
        // 255 bytes give the characters that the two alphabets differ in.
        let token = RefreshToken(
            key: RefreshKeyID(1),
            family: Sample.id,
            generation: .last,
            secret: Secret([UInt8](repeating: 0xFB, count: 16))
        )
        let good = try #require(token.encoded(with: keys))
        #expect(RefreshToken.read(good, with: keys) == .issued(token))
        let body = String(good.dropFirst(4))
        let dashed = body.split(separator: "-", omittingEmptySubsequences: false)
        let standard = dashed.joined(separator: "+")
        let shorter = String(body.dropFirst(2))
        let spellings: [String] = [
            "mrt_\(standard)", "MRT_\(body)", "Mrt_\(body)", "mrt-\(body)", "mrt\(body)",
            "mrt_\(body.uppercased())", "mrt_\(body.lowercased())", " \(good.dropLast())",
            "mrt_\u{301}\(shorter)", "mr\u{301}t_\(shorter)", "mrt_\(body.dropLast(2))\u{E9}",
            "mrt%5F\(shorter)",
        ]
        for text in spellings where text != good {
            #expect(RefreshToken.read(text, with: keys) == .invalid, "\(text)")
        }
        #expect(standard != body)
    }

    @Test("bits that no byte holds are refused")
    func notCanonical() throws {
        // 46 bytes leave 4 of the last character's bits unused.
        let good = try #require(token.encoded(with: keys))
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(good.last.flatMap(alphabet.firstIndex))
        #expect(last % 16 == 0)
        for unused in 1..<16 {
            let text = String(good.dropLast()) + String(alphabet[last + unused])
            #expect(RefreshToken.read(text, with: keys) == .invalid)
        }
    }

    @Test(
        "what is no token at all is refused",
        arguments: [
            "", "mrt_", "m", "Bearer", "null", "mrt_" + String(repeating: "A", count: 62),
            String(repeating: "A", count: 66), String(repeating: "mrt_", count: 100_000),
            String(repeating: "\u{1F469}\u{200D}\u{1F466}", count: 6),
            String(repeating: "é", count: 33),
            String(repeating: "\0", count: 66), "mrt_" + String(repeating: "=", count: 62),
        ]
    )
    func noToken(_ text: String) {
        #expect(RefreshToken.read(text, with: keys) == .invalid)
    }

    @Test("an unknown key id is named as such, whatever the tag")
    func unknownKey() throws {
        var body = try bytes(of: #require(token.encoded(with: keys)))
        body[1] = 3
        let text = "mrt_" + Base64URL.encode(body)
        #expect(RefreshToken.read(text, with: keys) == .unknownKey(RefreshKeyID(3)))
        #expect(RefreshToken.read(text, with: RefreshKeys([:])) == .unknownKey(RefreshKeyID(3)))
    }

    @Test("the id of another key is refused, for the tag is not that key's")
    func otherKey() throws {
        var body = try bytes(of: #require(token.encoded(with: keys)))
        body[1] = 2
        #expect(RefreshToken.read("mrt_" + Base64URL.encode(body), with: keys) == .invalid)
    }

    @Test("another version is refused, though its tag be right", arguments: [0, 2, 255])
    func otherVersion(_ version: UInt8) throws {
        var body = Array(try bytes(of: #require(token.encoded(with: keys))).prefix(30))
        body[0] = version
        #expect(try RefreshToken.read(encode(tagging: body), with: keys) == .invalid)
    }

    @Test(
        "a family id that is not positive is refused, though its tag be right",
        arguments: [Int64(0), -1, .min]
    )
    func impossibleFamily(_ id: Int64) throws {
        var body = Array(try bytes(of: #require(token.encoded(with: keys))).prefix(30))
        for index in 0..<8 {
            body[2 + index] = UInt8(truncatingIfNeeded: id >> Int64(56 - 8 * index))
        }
        #expect(try RefreshToken.read(encode(tagging: body), with: keys) == .invalid)
    }

    @Test("a tag of which only a part is right is refused")
    func partOfTag() throws {
        let good = try bytes(of: #require(token.encoded(with: keys)))
        for kept in 0..<16 {
            let rest = [UInt8](repeating: 0, count: 16 - kept)
            guard good.suffix(16 - kept) != rest[...] else { continue }
            let bytes = good.prefix(30 + kept) + rest
            #expect(
                RefreshToken.read("mrt_" + Base64URL.encode(Array(bytes)), with: keys) == .invalid
            )
        }
    }

    @Test(
        "100,000 guessed tokens are refused, by a function that has no storage to ask",
        .covers("RFC 6749 §10.4 not-forged")
    )
    func flood() {
        // That `read` takes a string and keys and nothing else is the proof; this is the flood.
        let read: (String, RefreshKeys) -> RefreshToken.Presented = RefreshToken.read
        var numbers = SeededNumbers(seed: 99)
        var issued = 0
        for round in 0..<100_000 {
            var bytes = numbers.bytes(round % 4 == 0 ? 46 : 3)
            if round % 4 == 0 { (bytes[0], bytes[1]) = (1, 1) }
            if case .issued = read("mrt_" + Base64URL.encode(bytes), keys) { issued += 1 }
        }
        #expect(issued == 0)
    }

    // MARK: - The secret

    @Test("a token matches the family that holds its secret's hash and its key")
    func matches() {
        let authorized = Sample.authorized(secretHash: token.secretHash)
        #expect(token.matches(authorized))
        #expect(token.with(generation: .last).matches(authorized))
        #expect(token.secretHash == Array(SHA256.hash(data: Sample.secret.bytes)))
    }

    @Test("a token of another secret, another key or a family without tokens does not match")
    func doesNotMatch() {
        let hash = token.secretHash
        for bit in 0..<256 {
            var other = hash
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!token.matches(Sample.authorized(secretHash: other)))
        }
        for other in [nil, [], Array(hash.dropLast()), hash + [0], Sample.secret.bytes] {
            #expect(!token.matches(Sample.authorized(secretHash: other)))
        }
        #expect(
            !token.matches(Sample.authorized(secretHash: hash, refreshKey: RefreshKeyID(2)))
        )
    }

    @Test("no description of a token shows its secret")
    func description() throws {
        let text = try #require(token.encoded(with: keys))
        var dumped = ""
        dump(token, to: &dumped)
        dump(RefreshToken.read(text, with: keys), to: &dumped)
        let shown = [
            "\(token)", String(reflecting: token), "\(RefreshToken.read(text, with: keys))", dumped,
            "\([token])", "\(Optional(token) as Any)",
        ]
        for shown in shown {
            #expect(!shown.contains("165"), "0xA5 in decimal")
            #expect(!shown.lowercased().contains("a5a5"))
            #expect(!shown.contains("paWl"))
        }
        #expect("\(token)" == "refresh token, generation 7 of \(Sample.id)")
    }
}
