import Foundation
import MartletCore
import MartletProtocol
import MartletServer

/// The two files that TLS needs: a certificate chain and the key of its first certificate.
struct TLSFiles: Sendable, Equatable {
    let certificate: PlacedPath
    let key: PlacedPath

    /// A chain of a dozen certificates with remarks between them.
    static let maximumCertificateSize = 256 * 1024
    static let maximumKeySize = 64 * 1024

    /// Nil if the configuration names neither; one alone is refused.
    init?(
        certificate: PlacedPath?,
        key: PlacedPath?
    ) throws(ConfigurationError) {
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, nil):
            throw ConfigurationError(
                at: certificate.place,
                "tls.certificate needs the file with its private key too: tls.key."
            )
        case (nil, let key?):
            throw ConfigurationError(
                at: key.place,
                "tls.key needs the file with its certificate chain too: tls.certificate."
            )
        case (let certificate?, let key?):
            self.certificate = certificate
            self.key = key
        }
    }

    // MARK: - Reading

    /// Reads both, and sees whether they can be used together now.
    func load(at now: Instant) throws(ConfigurationError) -> ServerCertificate {
        let chain = try bytes(
            of: certificate,
            named: "tls.certificate",
            Self.maximumCertificateSize
        )
        let key = Secret(try bytes(of: self.key, named: "tls.key", Self.maximumKeySize))
        do throws(ServerCertificate.Flaw) {
            return try ServerCertificate(chain: chain, key: key, at: now)
        } catch {
            throw refusal(of: error)
        }
    }

    private func bytes(
        of file: PlacedPath,
        named name: String,
        _ limit: Int
    ) throws(ConfigurationError) -> [UInt8] {
        do throws(FileFailure) {
            return try OpenFile(readingAt: file.path).bytes(atMost: limit)
        } catch {
            throw ConfigurationError(
                at: file.place,
                "\(name): \(file.path.printable) cannot be read: \(error.reason)."
            )
        }
    }

    private func refusal(of flaw: ServerCertificate.Flaw) -> ConfigurationError {
        let chain = "tls.certificate: \(certificate.path.printable)"
        let key = "tls.key: \(self.key.path.printable)"
        return switch flaw {
        case .noCertificate:
            ConfigurationError(
                at: certificate.place,
                "\(chain) holds no certificate: it must be a chain in PEM, the server's own first."
            )
        case .noKey:
            ConfigurationError(
                at: self.key.place,
                "\(key) holds no private key: it must be one in PEM, without a passphrase."
            )
        case .mismatch:
            ConfigurationError(
                at: self.key.place,
                "\(key) is not the key of the first certificate in \(certificate.path.printable)."
            )
        case .notYetValid(let from):
            ConfigurationError(
                at: certificate.place,
                "\(chain) is not valid before \(from.text); check this machine's clock."
            )
        case .expired(let end):
            ConfigurationError(
                at: certificate.place,
                "\(chain) has expired (\(end.text)); put a renewed one in its place."
            )
        case .unusable(let reason):
            ConfigurationError(at: certificate.place, "\(chain) cannot be used: \(reason).")
        }
    }

    // MARK: - Noticing changes

    /// What tells one version of the files from the next without reading them.
    struct Version: Sendable, Equatable {
        fileprivate let files: [FileVersion?]
    }

    fileprivate struct FileVersion: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        let seconds: Int
        let nanoseconds: Int
    }

    /// The files as they are now, missing ones included. Links are followed: renewal often puts a
    /// link in place of a link.
    var version: Version {
        Version(
            files: [certificate.path, key.path].map { path in
                var status = stat()
                guard stat(path, &status) == 0 else { return nil }
                return FileVersion(
                    device: UInt64(truncatingIfNeeded: status.st_dev),
                    inode: UInt64(truncatingIfNeeded: status.st_ino),
                    size: Int64(status.st_size),
                    seconds: Int(status.modified.tv_sec),
                    nanoseconds: Int(status.modified.tv_nsec)
                )
            }
        )
    }

    /// Whether everybody on this machine may read the key. It is told and not refused: container
    /// platforms mount it so.
    var isKeyOpenToAll: Bool {
        var status = stat()
        return stat(key.path, &status) == 0 && status.st_mode & 0o004 != 0
    }
}

extension stat {
    fileprivate var modified: timespec {
        #if canImport(Darwin)
            st_mtimespec
        #else
            st_mtim
        #endif
    }
}

/// A path in the configuration, and where it stands there.
struct PlacedPath: Sendable, Hashable {
    /// Absolute.
    let path: String
    let place: ConfigurationPlace
}

extension ValueForm where Value == PlacedPath? {
    /// The path of a file; nothing for none.
    static var optionalFile: ValueForm {
        ValueForm(expected: "the path of a file") { value throws(Unfit) in
            if value.isNothing { return nil }
            guard let text = value.writtenText, !text.isEmpty, !text.hasSuffix("/"),
                text.printable == text
            else { throw .unexpected(value) }
            return PlacedPath(path: value.place.path(text), place: value.place)
        }
    }
}
