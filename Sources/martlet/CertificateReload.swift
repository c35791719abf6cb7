import Logging
import MartletCore
import MartletServer
import ServiceLifecycle
import UnixSignals

/// Takes up a renewed certificate while the server runs: when its files change, or at once when
/// the process gets SIGHUP.
///
/// New connections begin with the new one, those that are open keep theirs. A pair that cannot be
/// used is told of, and the one before it stays.
struct CertificateReload: Service {
    /// Between two looks at the files; a renewal happens weeks before it is needed.
    static let interval: Duration = .seconds(5)

    let files: TLSFiles
    let current: CurrentCertificate
    let now: @Sendable () -> Instant
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sighup) { load() }
                }
                group.addTask {
                    var watch = CertificateWatch(loaded: files.version)
                    while true {
                        try await Task.sleep(for: Self.interval)
                        if watch.isToBeLoaded(files.version) { load() }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Reads the files, and lets the next connection begin with what is in them.
    func load() {
        do throws(ConfigurationError) {
            let certificate = try files.load(at: now())
            current.replace(with: certificate)
            logger.info(
                "took up the certificate",
                metadata: ["valid_until": "\(certificate.validUntil.text)"]
            )
        } catch {
            logger.error(
                "the changed certificate cannot be used; the one before it stays",
                metadata: ["reason": "\(error)"]
            )
        }
    }
}

/// Decides when changed files are read: when they have changed since they were last read, and then
/// not any more between two looks. Who renews a certificate writes two files one after the other,
/// and either may be half written when it is looked at.
struct CertificateWatch {
    private var loaded: TLSFiles.Version
    private var seen: TLSFiles.Version

    init(loaded: TLSFiles.Version) {
        self.loaded = loaded
        seen = loaded
    }

    /// Whether to read the files now that they are of this version.
    mutating func isToBeLoaded(_ version: TLSFiles.Version) -> Bool {
        defer { seen = version }
        guard version != loaded, version == seen else { return false }
        loaded = version
        return true
    }
}
