extension JSONWebSignature {
    /// Signs payloads of one type with one key, with the header encoded once beforehand.
    ///
    /// A server holds one for each of its keys and token types. What remains for a token is to encode
    /// the payload, sign, and encode the signature, in one buffer.
    public struct Signer: Sendable {
        /// The key that signs.
        public let key: SigningKey

        /// The encoded header and the dot behind it.
        private let prefix: [UInt8]

        /// Prepares the header `{"alg", "kid", "typ"}`.
        ///
        /// - Parameters:
        ///   - key: The key that signs.
        ///   - type: The token's `typ`, as `at+jwt`.
        public init(key: SigningKey, type: String) {
            var header = JSONWriter(reserving: 128)
            header.object { header in
                header.member("alg", key.algorithm.rawValue)
                header.member("kid", key.keyID)
                header.member("typ", type)
            }
            var prefix: [UInt8] = []
            Base64URL.append(header.bytes, to: &prefix)
            prefix.append(UInt8(ascii: "."))
            self.key = key
            self.prefix = prefix
        }

        /// Signs a payload and appends the token to a buffer, as ASCII.
        ///
        /// - Parameters:
        ///   - payload: The payload's bytes.
        ///   - buffer: Where the token goes, after what is there already.
        /// - Throws: ``JOSEError`` with ``JOSEError/Code/signingFailed``; the buffer then holds a
        ///   part of the token.
        public func append(_ payload: [UInt8], to buffer: inout [UInt8]) throws(JOSEError) {
            let start = buffer.count
            buffer.append(contentsOf: prefix)
            Base64URL.append(payload, to: &buffer)
            try key.appendSignature(to: &buffer, ofBytesFrom: start)
        }

        /// Signs a payload.
        ///
        /// - Parameter payload: The payload's bytes.
        /// - Returns: The token in its compact form.
        /// - Throws: ``JOSEError`` with ``JOSEError/Code/signingFailed``.
        public func sign(_ payload: [UInt8]) throws(JOSEError) -> String {
            var buffer: [UInt8] = []
            // The longest signature that we make is that of an RSA key of 2048 bits.
            buffer.reserveCapacity(
                prefix.count + Base64URL.encodedCount(of: payload.count)
                    + Base64URL.encodedCount(of: 256) + 1
            )
            try append(payload, to: &buffer)
            return String(decoding: buffer, as: UTF8.self)
        }
    }

    /// Signs one payload. Whoever signs more than one holds a ``Signer``.
    ///
    /// - Parameters:
    ///   - payload: The payload's bytes.
    ///   - type: The token's `typ`, as `at+jwt`.
    ///   - key: The key that signs.
    /// - Returns: The token in its compact form.
    /// - Throws: ``JOSEError`` with ``JOSEError/Code/signingFailed``.
    public static func sign(
        payload: [UInt8],
        type: String,
        with key: SigningKey
    ) throws(JOSEError) -> String {
        try Signer(key: key, type: type).sign(payload)
    }
}
