import MartletProtocol
import Synchronization

/// Tokens whose signature was verified a moment ago, so that a client that sends the same one with
/// every request costs one signature and not one each time.
///
/// Only what cannot change is kept: that this very text was signed by this very key, and what it says.
/// Times, scopes and whether the issuer still publishes the key are looked at each time.
///
/// An entry is found by the last characters of its token, which are the end of a signature and as good
/// as random, and counts only if the whole text is the same. Nobody but the issuer can make two tokens
/// that end alike, and then the later one is kept.
final class VerifiedTokens: Sendable {
    final class Entry: Sendable {
        let text: String
        let key: JSONWebKey
        let keyID: String?
        let algorithm: SignatureAlgorithm
        let token: AccessToken

        init(_ text: String, signed: JSONWebSignature, by key: JSONWebKey, token: AccessToken) {
            self.text = text
            self.key = key
            keyID = signed.header.keyID
            algorithm = signed.header.algorithm
            self.token = token
        }
    }

    /// The last 16 bytes of a text: 96 bits of a signature.
    struct Tail: Hashable {
        private let first: UInt64
        private let second: UInt64

        /// Nil for a text that is too short to be a signed token.
        init?(of text: String) {
            var text = text
            let ends = text.withUTF8 { bytes -> (UInt64, UInt64)? in
                guard bytes.count >= 16 else { return nil }
                let raw = UnsafeRawBufferPointer(bytes)
                return (
                    raw.loadUnaligned(fromByteOffset: raw.count - 16, as: UInt64.self),
                    raw.loadUnaligned(fromByteOffset: raw.count - 8, as: UInt64.self)
                )
            }
            guard let ends else { return nil }
            (first, second) = ends
        }
    }

    private let recent: Mutex<RecentEntries<Tail, Entry>>

    /// - Parameter capacity: How many tokens are kept at most; 2 at least.
    init(capacity: Int) {
        recent = Mutex(RecentEntries(capacity: capacity))
    }

    /// What is known of a token. Tokens are compared byte for byte.
    func entry(for text: String) -> Entry? {
        guard let tail = Tail(of: text), let entry = recent.withLock({ $0.value(for: tail) }),
            entry.text.isSameText(as: text)
        else { return nil }
        return entry
    }

    func keep(_ entry: Entry) {
        guard let tail = Tail(of: entry.text) else { return }
        recent.withLock { $0.keep(entry, for: tail) }
    }
}
