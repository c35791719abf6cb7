import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension JSONWebSignature {
    /// Verifies the signature.
    ///
    /// The key decides which algorithm is possible, not the token: its type must be the algorithm's,
    /// and if the key names an algorithm it must be the token's (RFC 8725 §3.1).
    ///
    /// - Parameter key: A key of the issuer, chosen by the caller.
    /// - Throws: ``JOSEError``: ``JOSEError/Code/wrongKey`` or ``JOSEError/Code/invalidSignature``.
    public func verify(with key: JSONWebKey) throws(JOSEError) {
        guard key.canVerify(header.algorithm) else {
            throw JOSEError(.wrongKey, "The key is not one for the token's algorithm.")
        }
        guard isValid(with: key.verifier) else {
            throw JOSEError(.invalidSignature, "The token's signature does not verify.")
        }
    }

    private func isValid(with verifier: JSONWebKey.Verifier) -> Bool {
        switch verifier {
        case .ellipticCurve(let key):
            // The raw form only: r and s, 32 bytes each (RFC 7518 §3.4).
            guard signature.count == 64,
                let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(parsed, for: SHA256.hash(data: signingInput))
        case .octetKeyPair(let key):
            return key.isValidSignature(signature, for: signingInput)
        case .rsa(let key):
            let parsed = _RSA.Signing.RSASignature(rawRepresentation: signature)
            guard signature.count == (key.keySizeInBits + 7) / 8 else { return false }
            return key.isValidSignature(
                parsed,
                for: SHA256.hash(data: signingInput),
                padding: header.algorithm == .ps256 ? .PSS : .insecurePKCS1v1_5
            )
        }
    }
}
