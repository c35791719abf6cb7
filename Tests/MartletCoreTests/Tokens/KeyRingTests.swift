import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

@Suite("Which key, when")
struct KeyRingTests {
    @Test("a server starts with a key that signs and one that waits, both published")
    func prepared() async throws {
        let world = try await TestAuthorizationServer()
        let ring = try await world.keys
        #expect(ring.signing.count == 2)
        let signer = try #require(ring.signer(for: .es256, at: world.now))
        #expect(signer.key.keyID == ring.signing[0].record.keyID)
        #expect(ring.signing[1].record.activeFrom == nil)
        #expect(ring.published(at: world.now).keys.count == 2)
        #expect(ring.refreshKey(at: world.now) != nil)
        #expect(ring.clientSecretKey(at: world.now) != nil)
    }

    @Test("a clock that stepped back before the first key was made signs with that key")
    func beforeTheFirst() async throws {
        let world = try await TestAuthorizationServer()
        let ring = try await world.keys
        let early = world.now - .hours(1)
        let first = try #require(ring.signing.first).record.keyID
        #expect(ring.signer(for: .es256, at: early)?.key.keyID == first)
        #expect(ring.refreshKey(at: early) == ring.refreshKey(at: world.now))
        #expect(ring.signer(for: .rs256, at: world.now) == nil)
    }

    @Test("a rotation right after the start waits until everybody can know the next key")
    func rotationTooSoon() async throws {
        let world = try await TestAuthorizationServer()
        let (first, second) = try await firstTwo(world)
        try await world.server.keyAdministration.rotate()
        let ring = try await world.keys
        let turn = world.now + KeyRing.publishedBeforeUse
        #expect(ring.current(.es256, at: turn - .microseconds(1))?.record.keyID == first)
        #expect(ring.current(.es256, at: turn)?.record.keyID == second)
        let retired = try #require(ring.signing.first { $0.record.keyID == first }).record
        let gone = turn + KeyRing.publishedAfterUse
        #expect(ring.isPublished(retired, at: gone - .microseconds(1)))
        #expect(!ring.isPublished(retired, at: gone))
    }

    @Test("a key that waited long enough takes over at once")
    func rotationLater() async throws {
        let world = try await TestAuthorizationServer()
        let (_, second) = try await firstTwo(world)
        world.wait(.days(90))
        try await world.server.keyAdministration.rotate()
        #expect(try await world.keys.current(.es256, at: world.now)?.record.keyID == second)
    }

    private func firstTwo(_ world: TestAuthorizationServer) async throws -> (String, String) {
        let signing = try await world.keys.signing
        return (try #require(signing.first).record.keyID, try #require(signing.last).record.keyID)
    }

    /// What could be seen at one instant.
    private struct Sight {
        let at: Instant
        let signer: String
        let published: Set<String>
    }

    @Test(
        "through any rotations a key is published before it signs and as long as its tokens live",
        .covers("OIDC Core §10.1.1 rotation"),
        arguments: 1...5 as ClosedRange<UInt64>
    )
    func publication(seed: UInt64) async throws {
        let world = try await TestAuthorizationServer()
        let random = SeededRandom(seed: seed)
        var sights: [Sight] = []
        for _ in 0..<150 {
            if random.next() % 10 == 0 { try? await world.server.keyAdministration.rotate() }
            let ring = try await world.keys
            let signer = try #require(ring.signer(for: .es256, at: world.now))
            let published = ring.published(at: world.now).keys.compactMap(\.keyID)
            sights.append(
                Sight(at: world.now, signer: signer.key.keyID, published: Set(published))
            )
            world.wait(.seconds(Int64(random.next() % 7200)))
        }
        #expect(Set(sights.map(\.signer)).count > 5)
        for signing in sights {
            let since = max(signing.at - KeyRing.publishedBeforeUse, ManualClock.start)
            let needed = sights.filter {
                $0.at >= since && $0.at < signing.at + KeyRing.publishedAfterUse
            }
            #expect(needed.allSatisfy { $0.published.contains(signing.signer) })
        }
        #expect(try await world.keys.signing.count < 60)
    }

    @Test("a sealed key under another key's name does not open")
    func swapped() async throws {
        let world = try await TestAuthorizationServer()
        let records = try await world.storage.all(KeyRecord.self).0.map(\.value)
        var signing = records.compactMap { record -> SigningKeyRecord? in
            if case .signing(let key) = record { key } else { nil }
        }
        try #require(signing.count == 2)
        signing[0] = SigningKeyRecord(
            keyID: signing[0].keyID,
            algorithm: signing[0].algorithm,
            masterID: signing[0].masterID,
            sealed: signing[1].sealed,
            publishedAt: signing[0].publishedAt,
            activeFrom: signing[0].activeFrom
        )
        let name = signing[0].keyID
        #expect(throws: KeyRing.Unusable.damaged(name)) {
            try KeyRing(signing.map(KeyRecord.signing), masters: world.server.directory.masters)
        }
    }

    @Test(
        "a sealed key that was altered or cut does not open",
        arguments: [0, 12, 40, nil] as [Int?]
    )
    func damaged(position: Int?) async throws {
        let world = try await TestAuthorizationServer()
        let key = try #require(try await world.keys.signing.first).record
        var sealed = key.sealed
        if let position { sealed[position] ^= 1 } else { sealed.removeLast(20) }
        let altered = SigningKeyRecord(
            keyID: key.keyID,
            algorithm: key.algorithm,
            masterID: key.masterID,
            sealed: sealed,
            publishedAt: key.publishedAt,
            activeFrom: key.activeFrom
        )
        #expect(throws: KeyRing.Unusable.damaged(key.keyID)) {
            try KeyRing([.signing(altered)], masters: world.server.directory.masters)
        }
    }

    @Test("a record of a key is read as it was written")
    func records() async throws {
        let world = try await TestAuthorizationServer()
        for stored in try await world.storage.all(KeyRecord.self).0 {
            let record = StoredRecord(stored.value, epoch: nil)
            #expect(try Stored<KeyRecord>(record).value == stored.value)
        }
    }
}
