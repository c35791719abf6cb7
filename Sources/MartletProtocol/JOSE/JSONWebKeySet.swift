/// The public keys of an issuer (RFC 7517 §5).
public struct JSONWebKeySet: Sendable, Hashable {
    /// How many keys a set may list, the skipped ones included: an issuer publishes a handful, and
    /// each costs a check of its point or modulus.
    public static let maximumKeyCount = 100

    /// The keys, in the order of the document.
    public let keys: [JSONWebKey]

    /// A set of keys that are at hand.
    ///
    /// - Parameter keys: The keys; there may be none.
    public init(_ keys: [JSONWebKey]) {
        self.keys = keys
    }

    /// Reads a key set, and skips the keys in it that cannot be used, as RFC 7517 §5 asks: other
    /// types, uses and algorithms, and malformed ones.
    ///
    /// - Parameter json: The document.
    /// - Throws: ``JOSEError`` if there is no array of keys (``JOSEError/Code/malformed``) or if it
    ///   lists more than ``maximumKeyCount`` (``JOSEError/Code/tooLarge``).
    public init(json: JSONValue) throws(JOSEError) {
        guard let candidates = json["keys"]?.array else {
            throw JOSEError(.malformed, "A key set has no array of keys.")
        }
        guard candidates.count <= Self.maximumKeyCount else {
            throw JOSEError(.tooLarge, "A key set lists too many keys.")
        }
        keys = candidates.compactMap { try? JSONWebKey(json: $0) }
    }

    /// The key that verifies a token.
    ///
    /// Without a `kid` in the token a key is taken only if no other would fit, so a token is never
    /// tried against one key after another.
    ///
    /// - Parameters:
    ///   - keyID: The token's `kid`, if it has one.
    ///   - algorithm: The token's `alg`; keys that are not for it are passed over.
    /// - Returns: The key, or nil if there is none or more than one.
    public func key(withID keyID: String?, for algorithm: SignatureAlgorithm) -> JSONWebKey? {
        var fitting: Int?
        for index in keys.indices where keys[index].fits(keyID, algorithm) {
            if fitting != nil { return nil }
            fitting = index
        }
        return fitting.map { keys[$0] }
    }

    /// Writes the document `{"keys": [...]}`.
    ///
    /// - Parameter writer: Where the object goes, as the next value.
    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member(
                "keys",
                array: { writer in
                    for key in keys { writer.element { key.write(to: &$0) } }
                }
            )
        }
    }
}

extension JSONWebKey {
    fileprivate func fits(_ wanted: String?, _ algorithm: SignatureAlgorithm) -> Bool {
        guard canVerify(algorithm) else { return false }
        guard let wanted else { return true }
        return keyID?.isSameText(as: wanted) ?? false
    }
}
