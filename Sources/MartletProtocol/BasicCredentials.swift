/// The client identifier and secret of an `Authorization: Basic` header.
///
/// RFC 6749 §2.3.1 wants both form-encoded before they are joined with a colon, which is what
/// lets an identifier hold a colon.
public struct BasicCredentials: Sendable, Equatable {
    /// The client identifier.
    public let clientID: String
    /// The client secret.
    public let secret: Secret

    /// Whether a header value names the Basic scheme at all (RFC 7617 §2; case-insensitive).
    public static func isBasic(_ headerValue: String) -> Bool {
        headerValue.prefix(6).lowercased() == "basic "
    }

    /// An identifier and its secret.
    public init(clientID: String, secret: Secret) {
        self.clientID = clientID
        self.secret = secret
    }

    /// The header's value: both parts form-encoded, joined with a colon, in base64.
    public var headerValue: Secret {
        let pair = FormText.encode(clientID) + ":" + FormText.encode(secret.text)
        return Secret("Basic " + Self.encodeBase64(Array(pair.utf8)))
    }

    /// Reads a header value.
    ///
    /// - Returns: `nil` unless it is the Basic scheme with valid base64 of a form-encoded
    ///   identifier, a colon and a form-encoded secret.
    public init?(headerValue: String) {
        guard Self.isBasic(headerValue) else { return nil }
        let encoded = headerValue.utf8.dropFirst(6).drop { $0 == UInt8(ascii: " ") }
        guard let bytes = Self.decodeBase64(Array(encoded)),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let clientID = try? FormParameters.decode(bytes[..<colon]),
            let secret = try? FormParameters.decode(bytes[(colon + 1)...]),
            !clientID.isEmpty
        else { return nil }
        self.clientID = clientID
        self.secret = Secret(secret)
    }

    /// Padded base64 (RFC 4648 §4), made of what the base64url encoder writes.
    private static func encodeBase64(_ bytes: [UInt8]) -> String {
        var digits = Array(Base64URL.encode(bytes).utf8)
        for index in digits.indices {
            switch digits[index] {
            case UInt8(ascii: "-"): digits[index] = UInt8(ascii: "+")
            case UInt8(ascii: "_"): digits[index] = UInt8(ascii: "/")
            default: break
            }
        }
        while !digits.count.isMultiple(of: 4) { digits.append(UInt8(ascii: "=")) }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Padded base64 (RFC 4648 §4), read through the strict base64url decoder.
    private static func decodeBase64(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count.isMultiple(of: 4) else { return nil }
        var digits = bytes
        for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        for index in digits.indices {
            switch digits[index] {
            case UInt8(ascii: "+"): digits[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): digits[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: break
            }
        }
        return digits.withUnsafeBytes { Base64URL.decode($0) }
    }
}
