import MartletCore
import MartletPostgres
import MartletTesting
import Testing

/// Several nodes on one database: each store here is what a node has.
@Suite("nodes that share a PostgreSQL database", .serialized)
struct PostgresNodesTests {
    private let clock = ManualClock()

    private func nodes(_ count: Int) async throws -> [PostgresStorage] {
        let address = try await PostgresFixture.address()
        var nodes: [PostgresStorage] = []
        for _ in 0..<count {
            nodes.append(try await PostgresStorage.open(address, clock: { [clock] in clock.now }))
        }
        return nodes
    }

    private func close(_ nodes: [PostgresStorage]) async {
        for node in nodes { await node.close() }
    }

    /// What becomes of a token of this generation, decided where it is written.
    private static func present(
        _ generation: Generation,
        of family: AuthorizedFamily,
        to node: PostgresStorage,
        overlap: RotationPolicy.Overlap,
        arrived: Instant
    ) async throws -> Rotation {
        let policy = RotationPolicy(
            rotation: .rotating,
            overlap: overlap,
            idleLifetime: .days(15),
            absoluteLifetime: .days(30),
            maxSessions: 200
        )
        let good = Standing(
            account: Epoch(value: 1, changedAt: arrived, reason: nil),
            client: Epoch(value: 2, changedAt: arrived, reason: nil),
            consent: Epoch(value: 3, changedAt: arrived, reason: nil)
        )
        return try await node.change(family) { view, now -> Change<Rotation> in
            guard let found = view.family else { return Change(answer: .refuse(.unknownFamily)) }
            let rotation = found.rotation(
                presenting: generation,
                terms: RotationTerms(policy: policy, arrived: arrived),
                standing: good,
                at: now
            )
            switch rotation {
            case .rotate(let next), .repeatLast(let next), .exhausted(let next),
                .reuse(_, let next):
                return Change(state: next, answer: rotation)
            case .refuse: return Change(answer: rotation)
            }
        }
    }

    /// Two nodes are shown the same token at once.
    private func presentToBoth(
        _ nodes: [PostgresStorage],
        _ generation: Generation,
        of family: AuthorizedFamily,
        overlap: RotationPolicy.Overlap
    ) async throws -> [Rotation] {
        let now = clock.now
        return try await withThrowingTaskGroup(of: Rotation.self) { group in
            for node in nodes {
                group.addTask {
                    try await Self.present(
                        generation,
                        of: family,
                        to: node,
                        overlap: overlap,
                        arrived: now
                    )
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test("a token that two nodes redeem at once, 1000 times: one advances, one repeats")
    func sameToken() async throws {
        let nodes = try await nodes(2)
        let made = try family(1)
        try await nodes[0].make(made)
        for number in UInt32(0)..<1000 {
            clock.advance(by: .milliseconds(1))
            let outcomes = try await presentToBoth(
                nodes,
                Generation(number),
                of: made.authorized,
                overlap: .seconds(10)
            )
            let advanced = outcomes.count { if case .rotate = $0 { true } else { false } }
            let repeated = outcomes.count { if case .repeatLast = $0 { true } else { false } }
            #expect(advanced == 1 && repeated == 1, "round \(number): \(outcomes)")
            let state = try await nodes[1].find(made.authorized.id).family?.state
            #expect(state?.generation == Generation(number + 1))
            #expect(state?.ended == nil)
        }
        await close(nodes)
    }

    @Test("without an overlap one of the two advances, the other is reuse, and the family ends")
    func reuse() async throws {
        let nodes = try await nodes(2)
        for number in Int64(1)...50 {
            let made = try family(number)
            try await nodes[0].make(made)
            let outcomes = try await presentToBoth(
                nodes,
                .first,
                of: made.authorized,
                overlap: .seconds(0)
            )
            let advanced = outcomes.count { if case .rotate = $0 { true } else { false } }
            let reused = outcomes.count { if case .reuse = $0 { true } else { false } }
            #expect(advanced == 1 && reused == 1, "family \(number): \(outcomes)")
            let state = try await nodes[1].find(made.authorized.id).family?.state
            #expect(state?.ended?.reason == .reuse)
        }
        await close(nodes)
    }

    @Test("of many families that two nodes change at once no change is lost")
    func manyAtOnce() async throws {
        let nodes = try await nodes(2)
        let families = try (1...20).map { try family($0) }
        for family in families { try await nodes[0].make(family) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes {
                group.addTask { try await node.rotate(families, times: 40, callers: 4) }
            }
            try await group.waitForAll()
        }
        for family in families {
            let state = try await nodes[0].find(family.authorized.id).family?.state
            #expect(state?.generation == Generation(80))
        }
        await close(nodes)
    }

    @Test("what one node saves, the next step of another node sees")
    func revisions() async throws {
        let nodes = try await nodes(2)
        let made = try family(1)
        try await nodes[0].make(made)
        for version in Int64(0)..<20 {
            let epoch = Epoch(value: version, changedAt: clock.now, reason: nil)
            let account = StoredRecord(
                kind: .account,
                id: made.authorized.account.rawValue,
                name: nil,
                owner: nil,
                version: 0,
                epoch: epoch,
                body: []
            )
            try await nodes[Int(version) % 2].save(
                [.put(account, expecting: version == 0 ? nil : version)],
                events: []
            )
            let revision = try await nodes[0].revision()
            for node in nodes {
                let seen = try await node.change(made.authorized) { view, _ in
                    Change(answer: view)
                }
                #expect(seen.standing.account == epoch)
                #expect(seen.revision == revision)
            }
        }
        await close(nodes)
    }

    @Test("eight that open an empty database at once all get the same store")
    func openingAtOnce() async throws {
        let address = try await PostgresFixture.address()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in Int64(1)...8 {
                group.addTask {
                    let storage = try await PostgresStorage.open(address)
                    try await storage.make(try family(number))
                    await storage.close()
                }
            }
            try await group.waitForAll()
        }
        let storage = try await PostgresStorage.open(address)
        let all = try await storage.list(of: .all, before: nil, limit: 100)
        #expect(all.count == 8)
        await storage.close()
    }

    @Test("a store of a newer version is refused and left as it is")
    func newer() async throws {
        let url = try await PostgresFixture.url()
        let address = try #require(PostgresAddress(url))
        await (try await PostgresStorage.open(address)).close()
        let server = try await PostgresFixture.server()
        let schema = try #require(url.split(separator: "%3D").last)
        try server.execute(
            "UPDATE \(schema).martlet_store SET schema_version = 1000, readable_from = 1000"
        )
        let error = await #expect(throws: PostgresOpenError.self) {
            try await PostgresStorage.open(address)
        }
        #expect(error?.description.contains("newer version") == true)
    }

    @Test("the clock is the database's, wherever a node's own stands")
    func clockOfTheDatabase() async throws {
        let storage = try await PostgresStorage.open(try await PostgresFixture.address())
        let made = try family(1)
        try await storage.make(made)
        let (seen, _) = try await storage.change(made.authorized) { _, now in
            Change(answer: (now, 0))
        }
        let apart = storage.clock.now - seen
        #expect(.zero <= apart + .seconds(1) && apart < .seconds(30))
        await storage.close()
    }
}
