package import Crypto

/// A key for HMAC-SHA256 (RFC 2104), with what depends on the key alone computed once.
///
/// Measured: of an HMAC over the few bytes of a token, making the key ready is more than half.
package struct AuthenticationKey: Sendable {
    private let prepared: HMAC<SHA256>

    package init(_ key: SymmetricKey) {
        prepared = HMAC(key: key)
    }

    /// The code of these bytes, 32 bytes long.
    package func code(of bytes: [UInt8]) -> [UInt8] {
        code(of: CollectionOfOne(bytes))
    }

    /// The code of these runs of bytes, one after the other.
    func code(of runs: some Sequence<[UInt8]>) -> [UInt8] {
        var code = prepared
        for run in runs { code.update(data: run) }
        return code.finalize().withUnsafeBytes { Array($0) }
    }
}
