import MartletCore

extension StorageContract {
    static let making: [Rule] = [
        Rule("a family is found exactly as it was made") { storage, _ in
            for family in [try Sample.plain(1), try Sample.full(.max)] {
                try await storage.make(family)
                let found = try await storage.find(family.authorized.id)
                try expectEqual(found.family, family, "the family that is found")
            }
        },
        Rule("a family's end needs no time") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            var state = family.state
            state.ended = Ended(reason: .accountDeleted, at: nil)
            try await storage.set(family.authorized, to: state)
            let found = try await storage.find(family.authorized.id)
            try expectEqual(found.family?.state, state, "the state that is found")
        },
        Rule("a step that answers nil makes nothing") { storage, _ in
            let family = try Sample.plain(1)
            let answer = try await storage.insert(family) { _, _ in (nil, 7) }
            try expectEqual(answer, 7, "the step's answer")
            let found = try await storage.find(family.authorized.id)
            try expect(found.family == nil, "a family was made though the step answered nil")
        },
        Rule("an id that is taken is a conflict and changes nothing") { storage, _ in
            let first = try Sample.plain(1)
            try await storage.make(first)
            let second = try Sample.plain(1, account: Sample.otherAccount)
            try await expectFailure(.conflict, "a second family of the same id") {
                () async throws(StorageError) in
                try await storage.make(
                    second,
                    events: [.accountCreated(Sample.otherAccount)]
                )
            }
            let found = try await storage.find(first.authorized.id)
            try expectEqual(found.family, first, "the first family")
            let events = try await storage.events(of: .all, limit: 10)
            try expectEqual(events, [], "the events of a refused insert")
        },
        Rule("of twenty inserts of one id at once exactly one succeeds") { storage, _ in
            let family = try Sample.plain(1)
            let made = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do { try await storage.make(family) } catch { return false }
                        return true
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expectEqual(made, 1, "inserts that succeeded")
        },
        Rule("a new family, its events and the ends of others appear together") { storage, clock in
            let old = try Sample.plain(1)
            try await storage.make(old)
            let new = try Sample.plain(2)
            var ended = old.state
            ended.ended = Ended(reason: .replaced, at: clock.now)
            let write = Write.state(old.authorized.id, ended)
            let event = AuditEvent.sessionEnded(
                old.authorized.id,
                account: Sample.account,
                client: Sample.client,
                reason: .replaced
            )
            try await storage.insert(new, redeeming: nil) { _, _ in
                ErasedChange(state: nil, writes: [write], events: [event])
            }
            let replaced = try await storage.find(old.authorized.id)
            try expectEqual(replaced.family?.state, ended, "the old family's state")
            let made = try await storage.find(new.authorized.id)
            try expectEqual(made.family, new, "the new family")
            let events = try await storage.events(of: .all, limit: 10)
            try expectEqual(events, [AuditEntry(at: clock.now, event: event)], "the events")
        },
        Rule("a new family sees its live siblings, the least recently used first") {
            storage,
            clock in
            try await siblings(storage, clock)
        },
        Rule("a new family sees the standing and the revision of the moment") { storage, _ in
            let family = try Sample.plain(1)
            let bare = try await storage.insert(family) { view, _ in (nil, view) }
            try expectEqual(bare.standing, .nothing, "the standing of missing records")
            try await storage.add(Sample.standing(account: 1, client: 2, consent: 3))
            let view = try await storage.insert(family) { view, _ in (nil, view) }
            try expectEqual(
                view.standing.epochs,
                FamilyEpochs(account: 1, client: 2, consent: 3),
                "the standing"
            )
            try expect(view.revision > bare.revision, "the view's revision did not rise")
        },
        Rule("a step sees the store's clock") { storage, clock in
            clock.advance(by: .seconds(77))
            let family = try Sample.plain(1)
            let now = try await storage.insert(family) { _, now in (nil, now) }
            try expectEqual(now, clock.now, "the time that the step was given")
        },
    ]

    private static func siblings(_ storage: any Storage, _ clock: ManualClock) async throws {
        /// Made in this order, last used in the reverse of it.
        for number in Int64(1)...4 {
            var family = try Sample.plain(number)
            family = TokenFamily(
                authorized: family.authorized,
                state: FamilyState(
                    generation: .first,
                    lastRotation: clock.now - .seconds(number)
                )
            )
            try await storage.make(family)
        }
        let ended = try Sample.plain(5)
        try await storage.make(ended)
        var state = ended.state
        state.ended = Ended(reason: .revokedByClient, at: nil)
        try await storage.set(ended.authorized, to: state)
        try await storage.make(try Sample.plain(6, lives: .seconds(10)))
        try await storage.make(try Sample.plain(7, account: Sample.otherAccount))
        try await storage.make(try Sample.plain(8, client: Sample.otherClient))
        // Its end is now: it does not lie ahead.
        clock.advance(by: .seconds(10))

        let new = try Sample.plain(9, madeAt: clock.now)
        let siblings = try await storage.insert(new) { view, _ in (nil, view.siblings) }
        try expectEqual(siblings.map(\.authorized.id.value), [4, 3, 2, 1], "the siblings")
        let first = try await storage.find(try Sample.id(4))
        try expectEqual(siblings.first, first.family, "the first sibling")
    }
}
