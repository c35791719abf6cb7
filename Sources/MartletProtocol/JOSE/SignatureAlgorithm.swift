/// A signature algorithm of JOSE that Martlet signs and verifies with (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// All are asymmetric. `none` and the HMAC algorithms are not listed, so no token can ask for them
/// (RFC 8725 §3.1).
public enum SignatureAlgorithm: String, Sendable, Hashable, CaseIterable {
    /// ECDSA on P-256 with SHA-256: the default, small and quick to sign.
    case es256 = "ES256"
    /// RSASSA-PKCS1-v1_5 with SHA-256, which every client knows; signing costs thirty times ES256.
    case rs256 = "RS256"
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    case ps256 = "PS256"
    /// Ed25519.
    case edDSA = "EdDSA"

    /// The type of key that the algorithm works with; it works with no other.
    public var keyType: JSONWebKey.KeyType {
        switch self {
        case .es256: .ellipticCurve
        case .rs256, .ps256: .rsa
        case .edDSA: .octetKeyPair
        }
    }
}
