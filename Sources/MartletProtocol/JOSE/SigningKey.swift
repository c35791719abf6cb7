import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A private key that signs tokens with one algorithm.
///
/// It never shows itself: its description is `<redacted>`, and its bytes leave it only through
/// ``rawRepresentation``, for encrypted storage.
public struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The algorithm that the key signs with; it signs with no other.
    public let algorithm: SignatureAlgorithm

    /// The public half, with the algorithm and the key's identifier, as it is published.
    public let publicKey: JSONWebKey

    /// The key's identifier: the RFC 7638 thumbprint of its public half, 43 characters.
    public let keyID: String

    fileprivate let material: Material

    fileprivate enum Material: Sendable {
        case ellipticCurve(P256.Signing.PrivateKey)
        case octetKeyPair(Curve25519.Signing.PrivateKey)
        case rsaPKCS1(_RSA.Signing.PrivateKey)
        case rsaPSS(_RSA.Signing.PrivateKey)
    }

    /// Makes a new key from the system's random numbers. An RSA key has 2048 bits and takes a good
    /// part of a second.
    ///
    /// - Parameter algorithm: What the key is to sign with.
    /// - Returns: The key.
    /// - Throws: ``JOSEError`` with ``JOSEError/Code/signingFailed`` if the library made no RSA key.
    public static func generate(
        for algorithm: SignatureAlgorithm
    ) throws(JOSEError) -> SigningKey {
        switch algorithm {
        case .es256:
            return try SigningKey(algorithm, .ellipticCurve(P256.Signing.PrivateKey()))
        case .edDSA:
            return try SigningKey(algorithm, .octetKeyPair(Curve25519.Signing.PrivateKey()))
        case .rs256, .ps256:
            guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else {
                throw JOSEError(.signingFailed, "No RSA key could be made.")
            }
            return try SigningKey(algorithm, algorithm == .rs256 ? .rsaPKCS1(key) : .rsaPSS(key))
        }
    }

    /// Reads a key that ``rawRepresentation`` gave.
    ///
    /// - Parameters:
    ///   - algorithm: The algorithm that was stored beside the bytes.
    ///   - bytes: 32 bytes for ES256 and EdDSA; DER (PKCS #1 or PKCS #8) for RS256 and PS256.
    /// - Throws: ``JOSEError`` with ``JOSEError/Code/invalidKey`` if the bytes are not such a key.
    public init(
        algorithm: SignatureAlgorithm,
        rawRepresentation bytes: [UInt8]
    ) throws(JOSEError) {
        let material: Material
        do {
            switch algorithm {
            case .es256:
                material = .ellipticCurve(try P256.Signing.PrivateKey(rawRepresentation: bytes))
            case .edDSA:
                material = .octetKeyPair(
                    try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
                )
            case .rs256:
                material = .rsaPKCS1(try _RSA.Signing.PrivateKey(derRepresentation: bytes))
            case .ps256:
                material = .rsaPSS(try _RSA.Signing.PrivateKey(derRepresentation: bytes))
            }
        } catch {
            throw JOSEError(.invalidKey, "The bytes are not a private key for the algorithm.")
        }
        try self.init(algorithm, material)
    }

    private init(_ algorithm: SignatureAlgorithm, _ material: Material) throws(JOSEError) {
        let numbers = try material.publicNumbers()
        let anonymous = try JSONWebKey(numbers, keyID: nil, algorithm: algorithm)
        keyID = anonymous.thumbprint
        publicKey = try JSONWebKey(numbers, keyID: keyID, algorithm: algorithm)
        self.algorithm = algorithm
        self.material = material
    }

    /// The private key's bytes, for encrypted storage and nothing else: the 32-byte scalar of P-256,
    /// the 32-byte seed of Ed25519, or DER for RSA.
    public var rawRepresentation: [UInt8] {
        switch material {
        case .ellipticCurve(let key): Array(key.rawRepresentation)
        case .octetKeyPair(let key): Array(key.rawRepresentation)
        case .rsaPKCS1(let key), .rsaPSS(let key): Array(key.derRepresentation)
        }
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }

    /// Always `<redacted>`.
    public var debugDescription: String { description }

    /// Shows nothing to `dump` and debuggers' mirrors.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Signs the end of a buffer and appends the signature, base64url, after a dot.
    ///
    /// - Parameters:
    ///   - buffer: Holds the signing input from `start` to its end.
    ///   - start: Where the signing input starts.
    func appendSignature(
        to buffer: inout [UInt8],
        ofBytesFrom start: Int
    ) throws(JOSEError) {
        do {
            let signature = try buffer.withUnsafeBytes { all in
                try material.sign(UnsafeRawBufferPointer(rebasing: all[start...]))
            }
            buffer.append(UInt8(ascii: "."))
            signature.withUnsafeBytes { Base64URL.append($0, to: &buffer) }
        } catch {
            throw JOSEError(.signingFailed, "The token could not be signed.")
        }
    }
}

extension SigningKey.Material {
    fileprivate func sign(_ input: UnsafeRawBufferPointer) throws -> Data {
        switch self {
        case .ellipticCurve(let key):
            return try key.signature(for: Self.digest(input)).rawRepresentation
        case .octetKeyPair(let key):
            return try key.signature(for: input)
        case .rsaPKCS1(let key):
            return try key.signature(for: Self.digest(input), padding: .insecurePKCS1v1_5)
                .rawRepresentation
        case .rsaPSS(let key):
            return try key.signature(for: Self.digest(input), padding: .PSS).rawRepresentation
        }
    }

    private static func digest(_ input: UnsafeRawBufferPointer) -> SHA256.Digest {
        var hash = SHA256()
        hash.update(bufferPointer: input)
        return hash.finalize()
    }

    fileprivate func publicNumbers() throws(JOSEError) -> JSONWebKey.Numbers {
        switch self {
        case .ellipticCurve(let key):
            let point = Array(key.publicKey.rawRepresentation)
            return .ellipticCurve(x: Array(point[..<32]), y: Array(point[32...]))
        case .octetKeyPair(let key):
            return .octetKeyPair(x: Array(key.publicKey.rawRepresentation))
        case .rsaPKCS1(let key), .rsaPSS(let key):
            guard let numbers = try? key.publicKey.getKeyPrimitives() else {
                throw JOSEError(.invalidKey, "The RSA key does not tell its numbers.")
            }
            return .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
        }
    }
}
