import Crypto
import MartletProtocol

/// Authenticates what a browser is given to bring back: a form's token against forged requests,
/// the mark of a browser that is known, the proof that somebody signed in for one request.
package struct CookieKeys: Sendable {
    /// The key's id, and HMAC-SHA256 cut to 16 bytes.
    static let codeLength = 17

    /// What a code says; one for one purpose is worth nothing for another.
    package enum Purpose: String, Sendable {
        /// That a form was made for this browser.
        case form
        /// That this browser has signed in to this account before.
        case knownBrowser = "known browser"
        /// That the person did something for one authorization request.
        case interaction
    }

    private let keys: [UInt8: AuthenticationKey]

    init(_ keys: [UInt8: AuthenticationKey]) {
        self.keys = keys
    }

    /// A code over these parts.
    func code(for purpose: Purpose, _ parts: [String], key id: UInt8) -> String? {
        guard let key = keys[id] else { return nil }
        return Base64URL.encode([id] + Self.tag(purpose, parts, key))
    }

    /// Whether this is a code over these parts.
    package func verify(_ text: String, for purpose: Purpose, _ parts: [String]) -> Bool {
        guard let bytes = Base64URL.decode(text), bytes.count == Self.codeLength,
            let key = keys[bytes[0]]
        else { return false }
        return constantTimeEqual(Array(bytes[1...]), Self.tag(purpose, parts, key))
    }

    /// Each part goes in with its length, so that no two lists of parts look alike.
    private static func tag(
        _ purpose: Purpose,
        _ parts: [String],
        _ key: AuthenticationKey
    ) -> [UInt8] {
        let runs = ([purpose.rawValue] + parts).map { Array("\($0.utf8.count) \($0)".utf8) }
        return Array(key.code(of: runs).prefix(codeLength - 1))
    }
}

extension KeyRing {
    /// A code that a browser may bring back.
    package func cookieCode(
        for purpose: CookieKeys.Purpose,
        _ parts: [String],
        at now: Instant
    ) throws(StorageError) -> String {
        guard let id = cookieKey(at: now), let code = cookies.code(for: purpose, parts, key: id)
        else { throw .corrupt("there is no key for cookies") }
        return code
    }
}
