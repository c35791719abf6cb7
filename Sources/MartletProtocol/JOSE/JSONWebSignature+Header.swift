extension JSONWebSignature {
    /// What a token's protected header says (RFC 7515 §4.1).
    public struct Header: Sendable, Hashable {
        /// The algorithm, `alg`.
        public let algorithm: SignatureAlgorithm

        /// Which of the issuer's keys signed, `kid`.
        public let keyID: String?

        /// What kind of token this is, `typ`, as it was written; compare with ``isType(_:)``.
        public let type: String?

        /// All members, the ignored ones included.
        public let members: JSONObject

        /// Whether `typ` is a media type, compared without regard to case and to the prefix
        /// `application/` (RFC 7515 §4.1.9).
        ///
        /// - Parameter name: A media type without its `application/`, as `at+jwt`.
        /// - Returns: Whether this is the token's type; false if it has none.
        public func isType(_ name: String) -> Bool {
            guard let type else { return false }
            if type.isSameText(as: name) { return true }
            let given = Array(type.utf8).lowercasedASCII
            let wanted = Array(name.utf8).lowercasedASCII
            return given == wanted || given == Array("application/".utf8) + wanted
        }

        init(_ bytes: [UInt8]) throws(JOSEError) {
            guard let members = (try? JSONValue(parsing: bytes))?.object else {
                throw JOSEError(.malformed, "The token's header is not a JSON object.")
            }
            // Critical extensions are all unknown here, b64 is one of them, and compressed payloads
            // exist in encryption only (RFC 7515 §4.1.11, RFC 7797 §6, RFC 8725 §3.6).
            for name in ["crit", "b64", "zip"] where members[name] != nil {
                throw JOSEError(.unsupportedHeader, "The token's header asks for \(name).")
            }
            guard let name = members["alg"]?.string,
                let algorithm = SignatureAlgorithm(rawValue: name)
            else {
                throw JOSEError(.unsupportedAlgorithm, "The token's algorithm is not supported.")
            }
            self.algorithm = algorithm
            self.members = members
            keyID = try Self.text("kid", in: members)
            type = try Self.text("typ", in: members)
        }

        private static func text(
            _ name: String,
            in members: JSONObject
        ) throws(JOSEError) -> String? {
            guard let value = members[name] else { return nil }
            guard let text = value.string else {
                throw JOSEError(.malformed, "A member of the token's header is not a string.")
            }
            return text
        }
    }
}

extension [UInt8] {
    /// The bytes with the letters A to Z in lower case, and no others changed.
    fileprivate var lowercasedASCII: [UInt8] {
        map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }
}
