import Foundation

/// A certificate for localhost that vouches for itself, with its key: made anew by OpenSSL, so that
/// none has to lie in the repository until it expires.
package struct SelfSignedCertificate: Sendable {
    package struct Failure: Error {}

    /// PEM.
    package let chain: String
    /// PEM.
    package let key: String

    /// - Parameters:
    ///   - passphrase: what the key is encrypted under, if it is.
    ///   - names: what the certificate is for, as OpenSSL writes it.
    package init(
        passphrase: String? = nil,
        names: String = "DNS:localhost,IP:127.0.0.1"
    ) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-certificate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let chain = folder.appending(path: "chain.pem")
        let key = folder.appending(path: "key.pem")
        let encryption = passphrase.map { ["-passout", "pass:\($0)"] } ?? ["-nodes"]
        try Self.openSSL(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-days", "2", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=\(names)", "-keyout", key.path, "-out",
                chain.path,
            ] + encryption
        )
        self.chain = try String(contentsOf: chain, encoding: .utf8)
        self.key = try String(contentsOf: key, encoding: .utf8)
    }

    private static func openSSL(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure() }
    }
}
