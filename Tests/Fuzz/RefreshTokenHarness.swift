import Crypto
import MartletProtocol

@testable import MartletCore

extension Harness {
    /// A presented refresh token: only what was issued is believed, in its one spelling.
    static let refreshToken = Harness(name: "refresh-token") { bytes in
        try RefreshTokenRules.checkText(bytes)
        try RefreshTokenRules.checkBody(bytes)
        try RefreshTokenRules.checkAltered(bytes)
    }
}

/// What holds of every presented refresh token.
private enum RefreshTokenRules {
    private static let keyID = RefreshKeyID(7)
    private static let key = SymmetricKey(data: [UInt8](repeating: 0x5A, count: 32))
    private static let keys = RefreshKeys([keyID: AuthenticationKey(key)])

    /// Any text.
    static func checkText(_ bytes: [UInt8]) throws {
        switch RefreshToken.read(bytes.text, with: keys) {
        case .invalid, .unknownKey: return
        case .issued(let token): try checkIssued(token, from: bytes.text)
        }
    }

    /// A body of any bytes under the right tag: whoever held the key could write no second
    /// spelling of a token either.
    static func checkBody(_ bytes: [UInt8]) throws {
        guard bytes.count >= RefreshToken.bodyLength else { return }
        var body = Array(bytes.prefix(RefreshToken.bodyLength))
        if bytes.count.isMultiple(of: 2) { body[0] = RefreshToken.version }
        if bytes.count.isMultiple(of: 3) { body[1] = keyID.value }
        let tag = HMAC<SHA256>.authenticationCode(for: body, using: key)
            .prefix(RefreshToken.tagLength)
        let text = RefreshToken.prefix + Base64URL.encode(body + tag)
        let family = body[2..<10].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        switch RefreshToken.read(text, with: keys) {
        case .issued(let token):
            try checkIssued(token, from: text)
            try require(family == UInt64(token.family.value), "the family is the body's")
        case .unknownKey(let id):
            try require(id.value == body[1] && id != keyID, "a key is unknown by its id")
        case .invalid:
            try require(
                body[0] != RefreshToken.version || family == 0 || family > UInt64(Int64.max),
                "a tagged token of this version and a possible family is believed"
            )
        }
    }

    /// An issued token, and the same with one character changed or the end cut off.
    static func checkAltered(_ bytes: [UInt8]) throws {
        guard bytes.count >= 32, let family = FamilyID(Int64(number(bytes[0..<8]) >> 1)) else {
            return
        }
        let token = RefreshToken(
            key: keyID,
            family: family,
            generation: Generation(UInt32(truncatingIfNeeded: number(bytes[8..<12]))),
            secret: Secret(Array(bytes[12..<28]))
        )
        let text = try require(token.encoded(with: keys), "a token of a known key is written")
        try require(RefreshToken.read(text, with: keys) == .issued(token), "it is read again")
        try require(text.utf8.count == 66, "each token is as long")

        var altered = Array(text.utf8)
        let place = Int(bytes[28]) % altered.count
        guard altered[place] != bytes[29], 1..<0x80 ~= bytes[29] else { return }
        altered[place] = bytes[29]
        if case .issued = RefreshToken.read(altered.text, with: keys) {
            throw BrokenRule(rule: "an altered token is believed")
        }
        let cut = String(text.prefix(Int(bytes[30]) % text.count))
        try require(RefreshToken.read(cut, with: keys) == .invalid, "a part is no token")
    }

    private static func checkIssued(_ token: RefreshToken, from text: String) throws {
        let written = try require(token.encoded(with: keys), "a token of a known key is written")
        try require(written.isSameText(as: text), "a token has one spelling")
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
