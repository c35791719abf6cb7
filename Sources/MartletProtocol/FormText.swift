/// Text in a form, a query or a fragment (RFC 3986 §2.3, RFC 6749 appendix B).
public enum FormText {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// One name or value, with every byte as `%xx` that is not unreserved: a space is `%20`, which
    /// forms, queries and fragments all read alike.
    ///
    /// - Parameter text: Any text.
    /// - Returns: ASCII.
    public static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(byte)
            default:
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Names and values, joined as a form is.
    ///
    /// - Parameter pairs: The parameters, in this order.
    /// - Returns: ASCII.
    public static func encode(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }
}
