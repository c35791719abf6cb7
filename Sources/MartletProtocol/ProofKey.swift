import Crypto

/// The challenge of a proof key: SHA-256 of the verifier (RFC 7636 §4.2, method `S256`).
///
/// The method `plain` does not exist here.
public struct CodeChallenge: Sendable, Equatable {
    /// 43 characters of base64url.
    public let text: String

    /// Reads the `code_challenge` parameter.
    ///
    /// - Returns: `nil` unless it is the base64url of 32 bytes.
    public init?(_ text: String) {
        guard Base64URL.decode(text)?.count == SHA256.byteCount else { return nil }
        self.text = text
    }

    /// The challenge of a verifier.
    public init(of verifier: CodeVerifier) {
        text = Base64URL.encode(Array(SHA256.hash(data: verifier.secret.bytes)))
    }
}

/// The verifier of a proof key: what only the one who asked for the code knows (RFC 7636 §4.1).
public struct CodeVerifier: Sendable {
    /// RFC 7636 §4.1.
    public static let length = 43...128

    /// Its characters.
    public let secret: Secret

    /// Reads the `code_verifier` parameter.
    ///
    /// - Returns: `nil` unless it has 43 to 128 characters of those that RFC 7636 §4.1 allows.
    public init?(_ text: String) {
        guard Self.length.contains(text.utf8.count), text.utf8.allSatisfy(Self.isUnreserved)
        else { return nil }
        secret = Secret(text)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// Whether this is what the challenge was made of, in a time that says nothing.
    public func matches(_ challenge: CodeChallenge) -> Bool {
        Secret(CodeChallenge(of: self).text) == Secret(challenge.text)
    }
}
