import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A public key for signatures (RFC 7517): P-256, Ed25519 or RSA.
///
/// A value of this type is a key that can be used: the point lies on its curve, the modulus has a
/// sound size, and no private member was beside it.
public struct JSONWebKey: Sendable, Hashable {
    /// The family of a key, its `kty`.
    public enum KeyType: String, Sendable, Hashable {
        /// A point on the curve P-256 (RFC 7518 §6.2).
        case ellipticCurve = "EC"
        /// An Ed25519 key (RFC 8037 §2).
        case octetKeyPair = "OKP"
        /// An RSA key (RFC 7518 §6.3).
        case rsa = "RSA"
    }

    /// The sizes of RSA moduli that are accepted, in bits: below, they can be factored
    /// (RFC 7518 §3.3); above, one verification becomes a way to waste a server's time.
    public static let rsaModulusBits = 2048...8192

    /// The key's identifier, its `kid`, compared byte for byte.
    public let keyID: String?

    /// The one algorithm that the key may be used with, its `alg`; nil leaves it to the type.
    public let algorithm: SignatureAlgorithm?

    /// The numbers, as bytes, for writing and comparing.
    let numbers: Numbers

    /// The same key as the cryptographic library holds it.
    let verifier: Verifier

    enum Numbers: Hashable {
        case ellipticCurve(x: [UInt8], y: [UInt8])
        case octetKeyPair(x: [UInt8])
        case rsa(modulus: [UInt8], exponent: [UInt8])
    }

    enum Verifier: Sendable {
        case ellipticCurve(P256.Signing.PublicKey)
        case octetKeyPair(Curve25519.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey)
    }

    init(
        _ numbers: Numbers,
        keyID: String?,
        algorithm: SignatureAlgorithm?
    ) throws(JOSEError) {
        self.numbers = numbers
        self.keyID = keyID
        self.algorithm = algorithm
        verifier = try Verifier(numbers)
        if let algorithm, algorithm.keyType != keyType {
            throw JOSEError(.invalidKey, "The key's algorithm does not fit its type.")
        }
    }

    /// The family of the key.
    public var keyType: KeyType {
        switch numbers {
        case .ellipticCurve: .ellipticCurve
        case .octetKeyPair: .octetKeyPair
        case .rsa: .rsa
        }
    }

    /// Whether signatures of an algorithm may be verified with this key: its type fits, and its
    /// `alg`, if it has one, is the same (RFC 8725 §3.1).
    ///
    /// - Parameter algorithm: What a token's header names.
    /// - Returns: Whether the key may be used.
    public func canVerify(_ algorithm: SignatureAlgorithm) -> Bool {
        keyType == algorithm.keyType && (self.algorithm ?? algorithm) == algorithm
    }

    /// The SHA-256 thumbprint of the key (RFC 7638), base64url: 43 characters.
    ///
    /// It depends on the key alone and not on its identifier or algorithm.
    public var thumbprint: String {
        var writer = JSONWriter(reserving: 1024)
        writer.object { writer in
            writeRequiredMembers(to: &writer)
        }
        return Base64URL.encode(Array(SHA256.hash(data: writer.bytes)))
    }

    /// Two keys are equal if they are the same numbers for the same use.
    public static func == (left: JSONWebKey, right: JSONWebKey) -> Bool {
        left.numbers == right.numbers && left.keyID == right.keyID
            && left.algorithm == right.algorithm
    }

    /// Hashes what ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(numbers)
        hasher.combine(keyID)
        hasher.combine(algorithm)
    }

    /// The members that a thumbprint is made of, in lexicographic order (RFC 7638 §3.2).
    func writeRequiredMembers(to writer: inout JSONWriter) {
        switch numbers {
        case .ellipticCurve(let x, let y):
            writer.member("crv", Self.ellipticCurveName)
            writer.member("kty", keyType.rawValue)
            writer.member("x", Base64URL.encode(x))
            writer.member("y", Base64URL.encode(y))
        case .octetKeyPair(let x):
            writer.member("crv", Self.octetKeyPairName)
            writer.member("kty", keyType.rawValue)
            writer.member("x", Base64URL.encode(x))
        case .rsa(let modulus, let exponent):
            writer.member("e", Base64URL.encode(exponent))
            writer.member("kty", keyType.rawValue)
            writer.member("n", Base64URL.encode(modulus))
        }
    }

    static let ellipticCurveName = "P-256"
    static let octetKeyPairName = "Ed25519"
}

extension JSONWebKey.Verifier {
    /// Builds the key and checks it: coordinates of the right length on the curve, an odd modulus of
    /// an accepted size, an odd exponent above one.
    init(_ numbers: JSONWebKey.Numbers) throws(JOSEError) {
        do {
            switch numbers {
            case .ellipticCurve(let x, let y):
                guard x.count == 32, y.count == 32 else {
                    throw JOSEError(.invalidKey, "A P-256 coordinate is not 32 bytes long.")
                }
                self = .ellipticCurve(try P256.Signing.PublicKey(rawRepresentation: x + y))
            case .octetKeyPair(let x):
                guard x.count == 32 else {
                    throw JOSEError(.invalidKey, "An Ed25519 key is not 32 bytes long.")
                }
                self = .octetKeyPair(try Curve25519.Signing.PublicKey(rawRepresentation: x))
            case .rsa(let modulus, let exponent):
                try Self.checkRSA(modulus: modulus, exponent: exponent)
                self = .rsa(try _RSA.Signing.PublicKey(n: modulus, e: exponent))
            }
        } catch let error as JOSEError {
            throw error
        } catch {
            throw JOSEError(.invalidKey, "The numbers do not make a key.")
        }
    }

    private static func checkRSA(modulus: [UInt8], exponent: [UInt8]) throws(JOSEError) {
        guard let first = modulus.first, first != 0, exponent.first ?? 0 != 0 else {
            throw JOSEError(.invalidKey, "An RSA number starts with a zero byte.")
        }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        guard JSONWebKey.rsaModulusBits.contains(bits) else {
            throw JOSEError(.invalidKey, "An RSA modulus is shorter or longer than accepted.")
        }
        // BoringSSL takes exponents of up to 33 bits; five bytes are all that can be of use.
        let isOne = exponent == [1]
        guard let last = exponent.last, last & 1 == 1, !isOne, exponent.count <= 5 else {
            throw JOSEError(.invalidKey, "An RSA exponent is not an odd number above one.")
        }
    }
}
