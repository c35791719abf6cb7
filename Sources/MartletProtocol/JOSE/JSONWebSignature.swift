/// A signed token in the compact form of JWS, taken apart and not yet verified (RFC 7515 §3.1).
///
/// Parsing is strict, because a token is read by several parties which must read the same: exactly
/// three parts, canonical base64url, a header without doubled members. Whatever a header says about
/// where its key is found (`jwk`, `jku`, `x5c`, `x5u`) is never looked at: keys come from the caller
/// (RFC 8725 §3.10).
public struct JSONWebSignature: Sendable, Hashable {
    /// The longest compact form that is read, in bytes: an access token has to fit into one HTTP
    /// header line.
    public static let maximumLength = 16 * 1024

    /// The longest encoded header that is read, in bytes: room for an `x5c` chain that we ignore.
    public static let maximumHeaderLength = 8 * 1024

    /// The protected header.
    public let header: Header

    /// The payload's bytes. Worth nothing before ``verify(with:)`` has returned.
    public let payload: [UInt8]

    /// The signature's bytes.
    public let signature: [UInt8]

    /// What was signed: the encoded header, a dot and the encoded payload.
    public let signingInput: [UInt8]

    /// Takes a token apart.
    ///
    /// - Parameter compact: The token as it was sent, without anything around it.
    /// - Returns: Its parts.
    /// - Throws: ``JOSEError``: ``JOSEError/Code/tooLarge``, ``JOSEError/Code/malformed``,
    ///   ``JOSEError/Code/unsupportedAlgorithm`` (`none` and the HMAC algorithms too) or
    ///   ``JOSEError/Code/unsupportedHeader`` (`crit`, `b64` or `zip` is there).
    public static func parse(_ compact: String) throws(JOSEError) -> JSONWebSignature {
        try parse(Array(compact.utf8), knowing: nil)
    }

    /// Takes a token apart, without reading a header that was read before: an issuer's tokens have one
    /// and the same.
    ///
    /// - Parameters:
    ///   - bytes: The token in its compact form.
    ///   - known: A header, and the characters that it was read from.
    package static func parse(
        _ bytes: [UInt8],
        knowing known: KnownHeader?
    ) throws(JOSEError) -> JSONWebSignature {
        guard bytes.count <= maximumLength else {
            throw JOSEError(.tooLarge, "The token is too long.")
        }
        guard let (first, second) = dots(in: bytes) else {
            throw JOSEError(.malformed, "The token does not have three parts.")
        }
        guard first <= maximumHeaderLength else {
            throw JOSEError(.tooLarge, "The token's header is too long.")
        }
        let header: Header
        if let known, known.encoded.count == first, bytes.begins(with: known.encoded) {
            header = known.header
        } else {
            header = try Header(decode(bytes[..<first]))
        }
        return JSONWebSignature(
            header: header,
            payload: try decode(bytes[(first + 1)..<second]),
            signature: try decode(bytes[(second + 1)...]),
            signingInput: Array(bytes[..<second])
        )
    }

    /// A header that was read, and the characters that it was read from.
    package struct KnownHeader: Sendable {
        let header: Header
        let encoded: [UInt8]

        /// The header of a token that was taken apart.
        package init(of token: JSONWebSignature) {
            header = token.header
            encoded = Array(token.signingInput.prefix { $0 != UInt8(ascii: ".") })
        }

        package func isHeader(of token: JSONWebSignature) -> Bool {
            token.signingInput.begins(with: encoded)
                && token.signingInput.count > encoded.count
                && token.signingInput[encoded.count] == UInt8(ascii: ".")
        }
    }

    /// Where the two dots are, if there are two.
    private static func dots(in bytes: [UInt8]) -> (Int, Int)? {
        bytes.withUnsafeBufferPointer { bytes in
            var found = (0, 0)
            var count = 0
            for index in bytes.indices where bytes[index] == UInt8(ascii: ".") {
                if count == 0 { found.0 = index } else { found.1 = index }
                count += 1
            }
            return count == 2 ? found : nil
        }
    }

    private static func decode(_ part: ArraySlice<UInt8>) throws(JOSEError) -> [UInt8] {
        guard let bytes = part.withUnsafeBytes({ Base64URL.decode($0) }) else {
            throw JOSEError(.malformed, "A part of the token is not base64url.")
        }
        return bytes
    }
}
