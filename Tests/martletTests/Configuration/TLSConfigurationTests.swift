import Foundation
import Logging
import MartletCore
import MartletServer
import MartletTesting
import Testing

@testable import martlet

@Suite("TLS and proxies in the configuration")
struct TLSConfigurationTests {
    /// Later than any certificate here was made.
    private static var now: Instant { Surroundings.system.now() }

    private func folder(_ tls: String) throws -> ConfigurationFolder {
        try ConfigurationFolder("issuer: https://login.example.com\ntls:\n\(tls)")
    }

    private static let both = "  certificate: chain.pem\n  key: key.pem"

    /// The sentence with which `serve` refuses the files, or nil if it does not.
    private func refusal(_ folder: ConfigurationFolder, at now: Instant = now) throws -> String? {
        let files = try #require(try folder.load().tls)
        do throws(ConfigurationError) {
            _ = try files.load(at: now)
            return nil
        } catch {
            return error.sentence
        }
    }

    @Test("paths count from the configuration's folder")
    func paths() throws {
        let folder = try folder("  certificate: tls/chain.pem\n  key: /etc/key.pem")
        let files = try #require(try folder.load().tls)
        #expect(files.certificate.path == "\(folder.path)/tls/chain.pem")
        #expect(files.key.path == "/etc/key.pem")
        #expect(try ConfigurationFolder("tls: {}").load().tls == nil)
        #expect(try self.folder("  certificate:\n  key:").load().tls == nil)
        let environment = ["MARTLET_TLS_CERTIFICATE": "a.pem", "MARTLET_TLS_KEY": "b.pem"]
        let plain = try ConfigurationFolder("issuer: https://login.example.com")
        #expect(try plain.load(environment: environment).tls?.key.path == "\(plain.path)/b.pem")
    }

    @Test(
        "half of it, a wrong value, or an issuer that is not https is refused with its line",
        arguments: [
            (
                "issuer: https://a.example\ntls:\n  certificate: a.pem",
                "martlet.yaml:3: tls.certificate needs the file with its private key too: tls.key."
            ),
            (
                "tls: {key: a.pem}",
                "martlet.yaml:1: tls.key needs the file with its certificate chain too:"
                    + " tls.certificate."
            ),
            (
                "tls: {certificate: [a], key: b}",
                "martlet.yaml:1: tls.certificate must be the path of a file, not a list."
            ),
            ("tls: on", "martlet.yaml:1: tls must be a mapping of keys to values, not “on”."),
            (
                "tls: {certificat: a}",
                "martlet.yaml:1: unknown key “tls.certificat”; did you mean “tls.certificate”?"
            ),
            (
                "tls: {certificate: a.pem, key: b.pem}",
                "martlet.yaml:1: tls needs an issuer that begins with https://, or clients would be"
                    + " sent to http://localhost:8080."
            ),
        ]
    )
    func refused(text: String, sentence: String) throws {
        #expect(try ConfigurationFolder(text).refusal() == sentence)
    }

    @Test("a file that is missing, unreadable or something else is refused with its line")
    func unusable() throws {
        let folder = try folder(Self.both)
        let made = try SelfSignedCertificate()
        #expect(
            try refusal(folder)
                == "martlet.yaml:3: tls.certificate: \(folder.path)/chain.pem cannot be read: No such"
                + " file or directory."
        )
        try folder.write(made.chain, to: "chain.pem")
        #expect(
            try refusal(folder)
                == "martlet.yaml:4: tls.key: \(folder.path)/key.pem cannot be read: No such file or"
                + " directory."
        )
        try folder.write(made.chain, to: "key.pem")
        #expect(
            try refusal(folder)
                == "martlet.yaml:4: tls.key: \(folder.path)/key.pem holds no private key: it must be"
                + " one in PEM, without a passphrase."
        )
        try folder.write(made.key, to: "key.pem")
        #expect(try refusal(folder) == nil)
        try folder.write("nothing", to: "chain.pem")
        #expect(
            try refusal(folder)
                == "martlet.yaml:3: tls.certificate: \(folder.path)/chain.pem holds no certificate:"
                + " it must be a chain in PEM, the server's own first."
        )
        try folder.write(String(repeating: "x", count: 300_000), to: "chain.pem")
        #expect(
            try refusal(folder)
                == "martlet.yaml:3: tls.certificate: \(folder.path)/chain.pem cannot be read: it is"
                + " larger than 262144 bytes."
        )
    }

    @Test("a pair that does not belong together, or not to this day, is refused with its line")
    func wrongPair() throws {
        let folder = try folder(Self.both)
        let made = try SelfSignedCertificate()
        try folder.write(made.chain, to: "chain.pem")
        try folder.write(try SelfSignedCertificate().key, to: "key.pem")
        #expect(
            try refusal(folder)
                == "martlet.yaml:4: tls.key: \(folder.path)/key.pem is not the key of the first"
                + " certificate in \(folder.path)/chain.pem."
        )
        try folder.write(made.key, to: "key.pem")
        let late = try #require(try refusal(folder, at: Self.now + .days(3)))
        #expect(
            late.hasPrefix("martlet.yaml:3: tls.certificate: \(folder.path)/chain.pem has expired")
        )
        let early = try #require(try refusal(folder, at: Self.now - .days(1)))
        #expect(early.contains("is not valid before"))
    }

    @Test("changed files are read once they have come to rest, and not again until they change")
    func watched() throws {
        let folder = try folder(Self.both)
        try folder.write("1", to: "chain.pem")
        try folder.write("1", to: "key.pem")
        let files = try #require(try folder.load().tls)
        var watch = CertificateWatch(loaded: files.version)
        func isToBeLoaded() -> Bool { watch.isToBeLoaded(files.version) }
        #expect(!isToBeLoaded())
        try folder.write("22", to: "chain.pem")
        #expect(!isToBeLoaded())
        try folder.write("22", to: "key.pem")
        #expect(!isToBeLoaded())
        #expect(isToBeLoaded())
        #expect(!isToBeLoaded())
        // Another file in its place, as large as the first and as old.
        try FileManager.default.removeItem(atPath: files.key.path)
        #expect(!isToBeLoaded())
        try folder.write("22", to: "key.pem")
        #expect(!isToBeLoaded())
        #expect(isToBeLoaded())
    }

    @Test("a renewed pair is taken up; of a broken one the operator hears, and the last one stays")
    func reloaded() throws {
        let folder = try folder(Self.both)
        let first = try SelfSignedCertificate()
        try folder.write(first.chain, to: "chain.pem")
        try folder.write(first.key, to: "key.pem")
        let files = try #require(try folder.load().tls)
        let log = LoggedLines()
        let reload = CertificateReload(
            files: files,
            current: CurrentCertificate(try files.load(at: Self.now)),
            now: { Self.now },
            logger: log.logger
        )
        let renewed = try SelfSignedCertificate()
        try folder.write(renewed.chain, to: "chain.pem")
        reload.load()
        #expect(log.lines.last?.hasPrefix("error the changed certificate cannot be used") == true)
        #expect(log.lines.last?.contains("is not the key of the first certificate") == true)
        try folder.write(renewed.key, to: "key.pem")
        reload.load()
        #expect(log.lines.last?.hasPrefix("info took up the certificate") == true)
        #expect(!log.lines.contains { $0.contains("PRIVATE KEY") })
    }

    @Test("proxies are addresses and ranges, and never everybody")
    func proxies() throws {
        let folder = try ConfigurationFolder(
            "trusted_proxies: [127.0.0.1, 10.0.0.0/8, \"2001:db8::/32\"]"
        )
        #expect(
            try folder.load().trustedProxies
                == TrustedProxies(
                    ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].compactMap { AddressRange($0) }
                )
        )
        #expect(try ConfigurationFolder("").load().trustedProxies == .none)
        #expect(
            try ConfigurationFolder("").load(
                environment: ["MARTLET_TRUSTED_PROXIES": "[\"10.0.0.0/8\"]"]
            ).trustedProxies != .none
        )
        for (text, words) in [
            ("trusted_proxies: [10.0.0.1/8]", "not “10.0.0.1/8”"),
            ("trusted_proxies: [proxy.example]", "not “proxy.example”"),
            ("trusted_proxies: 10.0.0.0/8", "not “10.0.0.0/8”"),
            ("trusted_proxies:\n- 0.0.0.0/0", "must not trust every address"),
            ("trusted_proxies: [\"::/0\"]", "must not trust every address"),
        ] {
            let sentence = try #require(try ConfigurationFolder(text).refusal())
            #expect(
                sentence.contains("trusted_proxies ") && sentence.contains(words),
                "\(sentence)"
            )
        }
    }
}
