/// Why a key, a key set, a signed token or its claims were refused.
///
/// The sentence is for a log or a developer; it never holds the token or a key.
public struct JOSEError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of the refusal. New codes may be added, so a `switch` needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case malformed, tooLarge, unsupportedAlgorithm, unsupportedHeader
            case invalidKey, wrongKey, invalidSignature, invalidClaims, signingFailed
        }

        private let name: Name

        private init(_ name: Name) {
            self.name = name
        }

        /// The code's name.
        public var description: String { name.rawValue }

        /// The bytes are not what they should be: not three parts, not base64url, not JSON.
        public static let malformed = Code(.malformed)
        /// A bound is exceeded.
        public static let tooLarge = Code(.tooLarge)
        /// The algorithm is missing, `none`, or not one of ``SignatureAlgorithm``.
        public static let unsupportedAlgorithm = Code(.unsupportedAlgorithm)
        /// A header parameter asks for something that is not supported, `crit` first of all.
        public static let unsupportedHeader = Code(.unsupportedHeader)
        /// A key is not well formed, too weak, or not meant for signatures.
        public static let invalidKey = Code(.invalidKey)
        /// The key is not one for the token's algorithm.
        public static let wrongKey = Code(.wrongKey)
        /// The signature does not verify.
        public static let invalidSignature = Code(.invalidSignature)
        /// A claim is missing or of the wrong type.
        public static let invalidClaims = Code(.invalidClaims)
        /// The cryptographic library could not sign.
        public static let signingFailed = Code(.signingFailed)
    }

    /// The kind of the refusal.
    public let code: Code

    /// One sentence that says what is wrong.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
