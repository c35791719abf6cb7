extension JSONWebKey {
    /// Reads a public key.
    ///
    /// Refused are keys with private or symmetric members, keys for anything but signatures (`use`,
    /// `key_ops`), unknown types, curves and algorithms, numbers that are not canonical base64url,
    /// points that do not lie on the curve, and RSA moduli outside of ``rsaModulusBits``.
    ///
    /// - Parameter json: A JWK object (RFC 7517 §4).
    /// - Throws: ``JOSEError`` with the code ``JOSEError/Code/invalidKey``.
    public init(json: JSONValue) throws(JOSEError) {
        guard let object = json.object else {
            throw JOSEError(.invalidKey, "A key is not a JSON object.")
        }
        guard !Self.privateMembers.contains(where: { object[$0] != nil }) else {
            throw JOSEError(.invalidKey, "A key holds private or symmetric members.")
        }
        try Self.checkUse(object)
        try self.init(
            Self.numbers(in: object),
            keyID: Self.optionalText("kid", in: object),
            algorithm: Self.algorithm(in: object)
        )
    }

    /// Writes the key as a JWK object with `kid`, `use` and `alg`.
    ///
    /// - Parameter writer: Where the object goes, as the next value.
    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writeRequiredMembers(to: &writer)
            writer.member("kid", ifPresent: keyID)
            writer.member("use", "sig")
            writer.member("alg", ifPresent: algorithm?.rawValue)
        }
    }

    /// RFC 7518 §6.2.2, §6.3.2 and §6.4.
    private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    private static func checkUse(_ object: JSONObject) throws(JOSEError) {
        let isForSignatures = try optionalText("use", in: object) ?? "sig" == "sig"
        let operations = object["key_ops"].map { $0.strings ?? [] } ?? ["verify"]
        guard isForSignatures, operations.contains("verify") else {
            throw JOSEError(.invalidKey, "A key is not meant for verifying signatures.")
        }
    }

    private static func algorithm(
        in object: JSONObject
    ) throws(JOSEError) -> SignatureAlgorithm? {
        guard let name = try optionalText("alg", in: object) else { return nil }
        guard let algorithm = SignatureAlgorithm(rawValue: name) else {
            throw JOSEError(.invalidKey, "A key's algorithm is not supported.")
        }
        return algorithm
    }

    private static func numbers(in object: JSONObject) throws(JOSEError) -> Numbers {
        guard let name = try optionalText("kty", in: object), let type = KeyType(rawValue: name)
        else { throw JOSEError(.invalidKey, "A key's type is not supported.") }
        switch type {
        case .ellipticCurve:
            try check(curve: ellipticCurveName, in: object)
            return .ellipticCurve(x: try bytes("x", in: object), y: try bytes("y", in: object))
        case .octetKeyPair:
            try check(curve: octetKeyPairName, in: object)
            return .octetKeyPair(x: try bytes("x", in: object))
        case .rsa:
            return .rsa(
                modulus: try bytes("n", in: object),
                exponent: try bytes("e", in: object)
            )
        }
    }

    private static func check(curve: String, in object: JSONObject) throws(JOSEError) {
        guard try optionalText("crv", in: object) == curve else {
            throw JOSEError(.invalidKey, "A key's curve is not supported.")
        }
    }

    private static func optionalText(
        _ name: String,
        in object: JSONObject
    ) throws(JOSEError) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string else {
            throw JOSEError(.invalidKey, "A member of a key is not a string.")
        }
        return text
    }

    private static func bytes(_ name: String, in object: JSONObject) throws(JOSEError) -> [UInt8] {
        guard let text = try optionalText(name, in: object), let bytes = Base64URL.decode(text)
        else { throw JOSEError(.invalidKey, "A number of a key is missing or not base64url.") }
        return bytes
    }
}
