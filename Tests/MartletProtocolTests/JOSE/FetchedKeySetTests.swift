import Synchronization
import Testing

@testable import MartletProtocol

@Suite("Keys that are fetched")
struct FetchedKeySetTests {
    /// An issuer that counts how often it is asked, and a clock.
    private final class Issuer: Sendable {
        struct Down: Error {}

        let now = Mutex(1000.0)
        let isUp = Mutex(true)
        let asked = Mutex(0)
        let set: JSONWebKeySet

        init() throws {
            set = JSONWebKeySet([try SigningKey.generate(for: .es256).publicKey])
        }

        func keys() -> FetchedKeySet {
            FetchedKeySet(secondsSince1970: { self.now.withLock { $0 } }) {
                self.asked.withLock { $0 += 1 }
                guard self.isUp.withLock({ $0 }) else { throw Down() }
                return self.set
            }
        }

        func advance(_ seconds: Double) { now.withLock { $0 += seconds } }
        var count: Int { asked.withLock { $0 } }
    }

    @Test("many who need a key make one look")
    func oneLook() async throws {
        let issuer = try Issuer()
        let keys = issuer.keys()
        #expect(keys.keysAtHand() == nil)
        try await withThrowingTaskGroup(of: JSONWebKeySet.self) { group in
            for _ in 0..<100 { group.addTask { try await keys.keys(missing: "k") } }
            for try await found in group { #expect(found == issuer.set) }
        }
        #expect(issuer.count == 1)
        #expect(keys.keysAtHand() == issuer.set)
    }

    @Test("unknown keys in tokens make one look in half a minute")
    func unknown() async throws {
        let issuer = try Issuer()
        let keys = issuer.keys()
        for _ in 0..<50 { _ = try await keys.keys(missing: "forged") }
        #expect(issuer.count == 1)
        issuer.advance(29.9)
        _ = try await keys.keys(missing: "forged")
        #expect(issuer.count == 1)
        issuer.advance(0.1)
        _ = try await keys.keys(missing: "new")
        #expect(issuer.count == 2)
    }

    @Test("keys stay good while the issuer is down, for a day, and it is asked at distances")
    func down() async throws {
        let issuer = try Issuer()
        let keys = issuer.keys()
        _ = try await keys.keys(missing: nil)
        issuer.isUp.withLock { $0 = false }
        issuer.advance(100)
        await #expect(throws: Issuer.Down.self) { _ = try await keys.keys(missing: "x") }
        #expect(issuer.count == 2)
        for _ in 0..<10 { #expect(try await keys.keys(missing: "x") == issuer.set) }
        #expect(issuer.count == 2, "not within two seconds")
        issuer.advance(86_299)
        #expect(keys.keysAtHand() == issuer.set)
        issuer.advance(1)
        #expect(keys.keysAtHand() == nil)
    }

    /// The table of ``FetchedKeySet/needsLook(_:missing:at:under:)``.
    @Test("the rule of when to look")
    func rule() throws {
        let set = try Issuer().set
        let terms = FetchedKeySet.Terms()
        func look(fetched: Double?, failed: Double?, missing: Bool) -> Bool {
            FetchedKeySet.needsLook(
                .init(
                    keys: fetched == nil ? nil : set,
                    fetchedAt: fetched.map { 1000 - $0 },
                    failedAt: failed.map { 1000 - $0 }
                ),
                missing: missing,
                at: 1000,
                under: terms
            )
        }
        for missing in [true, false] {
            #expect(look(fetched: nil, failed: nil, missing: missing))
            #expect(!look(fetched: nil, failed: 1.9, missing: missing))
            #expect(look(fetched: nil, failed: 2, missing: missing))
            #expect(look(fetched: 600, failed: nil, missing: missing))
            #expect(!look(fetched: 600, failed: 1, missing: missing))
            #expect(!look(fetched: 29, failed: nil, missing: missing))
            #expect(!look(fetched: -50, failed: nil, missing: missing), "the clock went back")
        }
        #expect(look(fetched: 30, failed: nil, missing: true))
        #expect(!look(fetched: 599, failed: nil, missing: false))
    }
}
