import MartletCore
import MartletProtocol
import MartletTesting
import Testing

/// A family to rotate.
func family(_ number: Int64) throws -> TokenFamily {
    let now = ManualClock.start
    return TokenFamily(
        authorized: AuthorizedFamily(
            id: try #require(FamilyID(number)),
            client: ClientID(rawValue: "spa"),
            account: AccountID(rawValue: "Rj3kV0uC"),
            scope: .none,
            resources: [],
            secretHash: Array(repeating: 7, count: 32),
            refreshKey: RefreshKeyID(1),
            keyBinding: nil,
            epochs: FamilyEpochs(account: 1, client: 2, consent: 3),
            madeAt: now,
            absoluteEnd: now + .days(30),
            authentication: Authentication(time: now, contextClass: nil, methods: ["pwd"]),
            origin: Origin(address: "192.0.2.1", userAgent: "Tests")
        ),
        state: FamilyState(generation: .first, lastRotation: now)
    )
}

extension Storage {
    func make(_ family: TokenFamily) async throws(StorageError) {
        try await insert(family, redeeming: nil) { _, _ in
            ErasedChange(state: nil, writes: [], events: [])
        }
    }

    /// One more generation; answers with the new one.
    @discardableResult
    func rotate(_ family: AuthorizedFamily) async throws(StorageError) -> Generation {
        try await change(family) { view, now in
            let next = view.family?.state.generation.successor ?? .last
            return Change(state: FamilyState(generation: next, lastRotation: now), answer: next)
        }
    }

    /// So many rotations of each family, one after the other within a family and all families at
    /// once, by so many callers of each.
    func rotate(_ families: [TokenFamily], times: Int, callers: Int = 1) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for family in families {
                for _ in 0..<callers {
                    group.addTask {
                        for _ in 0..<times / callers { try await self.rotate(family.authorized) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
