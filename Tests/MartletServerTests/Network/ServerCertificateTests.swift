import Foundation
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import MartletServer

@Suite("What a certificate and a key are good for")
struct ServerCertificateTests {
    private func flaw(
        chain: String,
        key: String,
        at now: Instant = Surroundings.wallClock
    ) -> ServerCertificate.Flaw? {
        do throws(ServerCertificate.Flaw) {
            _ = try ServerCertificate(chain: Array(chain.utf8), key: Secret(key), at: now)
            return nil
        } catch {
            return error
        }
    }

    @Test("a pair that belongs together is taken, with remarks and further certificates in it")
    func good() throws {
        let one = try SelfSignedCertificate()
        let other = try SelfSignedCertificate()
        #expect(flaw(chain: one.chain, key: one.key) == nil)
        #expect(flaw(chain: "remark\n" + one.chain + "\n" + other.chain, key: one.key) == nil)
    }

    @Test("a pair that does not belong together is refused")
    func mismatch() throws {
        let one = try SelfSignedCertificate()
        let other = try SelfSignedCertificate()
        #expect(flaw(chain: one.chain, key: other.key) == .mismatch)
        // The server's own certificate comes first.
        #expect(flaw(chain: other.chain + one.chain, key: one.key) == .mismatch)
    }

    @Test("what is no certificate or no key is said to be none")
    func none() throws {
        let made = try SelfSignedCertificate()
        for chain in ["", "x", made.key, String(made.chain.dropLast(200)), "\0"] {
            #expect(flaw(chain: chain, key: made.key) == .noCertificate)
        }
        for key in ["", "x", made.chain, String(made.key.dropLast(60)), "\0"] {
            #expect(flaw(chain: made.chain, key: key) == .noKey)
        }
    }

    @Test("a key under a passphrase is refused without asking for it")
    func passphrase() throws {
        let made = try SelfSignedCertificate(passphrase: "sesame")
        #expect(made.key.contains("ENCRYPTED"))
        #expect(flaw(chain: made.chain, key: made.key) == .noKey)
    }

    @Test("a certificate counts from its first to its last second")
    func time() throws {
        let made = try SelfSignedCertificate()
        let now = Surroundings.wallClock
        let end = try ServerCertificate(
            chain: Array(made.chain.utf8),
            key: Secret(made.key),
            at: now
        ).validUntil
        #expect(end - now > .hours(47))
        #expect(flaw(chain: made.chain, key: made.key, at: end) == nil)
        let late = end + .seconds(1)
        #expect(flaw(chain: made.chain, key: made.key, at: late) == .expired(end))
        let early = now - .days(1)
        guard case .notYetValid = flaw(chain: made.chain, key: made.key, at: early) else {
            Issue.record("not refused")
            return
        }
    }
}

extension Surroundings {
    /// What certificates that were made just now are judged by.
    static var wallClock: Instant {
        Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
}
