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
        guard compact.utf8.count <= maximumLength else {
            throw JOSEError(.tooLarge, "The token is too long.")
        }
        let bytes = Array(compact.utf8)
        let dots = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }
        guard dots.count == 2 else {
            throw JOSEError(.malformed, "The token does not have three parts.")
        }
        guard dots[0] <= maximumHeaderLength else {
            throw JOSEError(.tooLarge, "The token's header is too long.")
        }
        let header = try Header(decode(bytes[..<dots[0]]))
        return JSONWebSignature(
            header: header,
            payload: try decode(bytes[(dots[0] + 1)..<dots[1]]),
            signature: try decode(bytes[(dots[1] + 1)...]),
            signingInput: Array(bytes[..<dots[1]])
        )
    }

    private static func decode(_ part: ArraySlice<UInt8>) throws(JOSEError) -> [UInt8] {
        guard let bytes = part.withUnsafeBytes({ Base64URL.decode($0) }) else {
            throw JOSEError(.malformed, "A part of the token is not base64url.")
        }
        return bytes
    }
}
