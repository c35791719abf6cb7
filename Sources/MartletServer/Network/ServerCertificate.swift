package import MartletCore
package import MartletProtocol
import NIOSSL
import Synchronization

/// A certificate chain and the key of its first certificate: what the server proves itself with
/// when a connection by TLS begins (RFC 8446 §4.4.2).
package struct ServerCertificate: Sendable {
    /// TLS 1.2 is the oldest version that RFC 9325 §3.1.1 still allows. Of its ciphers, those which
    /// HTTP/2 allows (RFC 9113 §9.2.2): a key that leaks later opens nothing that was recorded.
    private static let ciphers: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
    /// In the order in which they are preferred (RFC 7301).
    private static let protocols = ["h2", "http/1.1"]

    /// The last instant at which clients accept it.
    package let validUntil: Instant
    let context: NIOSSLContext

    /// Why a chain and a key cannot be used together, or not now.
    package enum Flaw: Error, Sendable, Equatable {
        case noCertificate
        case noKey
        case mismatch
        case notYetValid(from: Instant)
        case expired(Instant)
        /// Nothing of the above; the library's word for it.
        case unusable(String)
    }

    /// - Parameters:
    ///   - chain: PEM, the server's own certificate first.
    ///   - key: PEM, without a passphrase.
    package init(chain: [UInt8], key: Secret, at now: Instant) throws(Flaw) {
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(chain),
            let leaf = certificates.first
        else { throw .noCertificate }
        let privateKey = try Self.key(key)
        let validFrom = Instant(seconds: Int64(leaf.notValidBefore))
        validUntil = Instant(seconds: Int64(leaf.notValidAfter))
        guard validFrom <= now else { throw .notYetValid(from: validFrom) }
        guard now <= validUntil else { throw .expired(validUntil) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(privateKey)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = Self.ciphers
        configuration.applicationProtocols = Self.protocols
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw .mismatch
        } catch {
            throw .unusable("\(error)")
        }
    }

    private static func key(_ pem: Secret) throws(Flaw) -> NIOSSLPrivateKey {
        // Without this callback the library asks the terminal for a passphrase.
        let noPassphrase: NIOSSLPassphraseCallback<[UInt8]> = { _ in }
        do {
            return try NIOSSLPrivateKey(
                bytes: Array(pem.bytes),
                format: .pem,
                passphraseCallback: noPassphrase
            )
        } catch {
            throw .noKey
        }
    }
}

/// The certificate that the next connection begins with. Those that have begun keep theirs.
package final class CurrentCertificate: Sendable {
    private let current: Mutex<ServerCertificate>

    package init(_ certificate: ServerCertificate) {
        current = Mutex(certificate)
    }

    package func replace(with certificate: ServerCertificate) {
        current.withLock { $0 = certificate }
    }

    var context: NIOSSLContext { current.withLock { $0.context } }
}
