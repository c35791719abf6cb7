import MartletCore
import Synchronization

extension StorageContract {
    static let changing: [Rule] = [
        Rule("two hundred changes of one family at once lose none") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            let seen = try await rotations(200, of: family.authorized, in: storage)
            try expectEqual(seen, (0..<200).map { UInt32($0) }, "the generations that were seen")
            let found = try await storage.find(family.authorized.id)
            try expectEqual(found.family?.state.generation, Generation(200), "the last generation")
        },
        Rule("changes of many families at once keep them apart") { storage, _ in
            let families = try (1...40).map { try Sample.plain($0) }
            for family in families { try await storage.make(family) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for family in families {
                    group.addTask {
                        _ = try await rotations(5, of: family.authorized, in: storage)
                    }
                }
                try await group.waitForAll()
            }
            for family in families {
                let found = try await storage.find(family.authorized.id)
                try expectEqual(found.family?.state.generation, Generation(5), "a generation")
            }
        },
        Rule("a change's state is stored exactly, and without one nothing is") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            let state = try Sample.full(2).state
            try await storage.set(family.authorized, to: state)
            let (view, _) = try await storage.look(family.authorized)
            try expectEqual(view.family?.state, state, "the state that the next change sees")
            let found = try await storage.find(family.authorized.id)
            try expectEqual(found.family?.state, state, "the state after a change of nothing")
            try expectEqual(found.family?.authorized, family.authorized, "what was authorized")
        },
        Rule("a change sees the standing as it is, not as it was") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            var (view, _) = try await storage.look(family.authorized)
            try expectEqual(view.standing, .nothing, "the standing of missing records")
            let records = Sample.standing(account: 1, client: 2, consent: 3)
            try await storage.add(records)
            for (index, record) in records.enumerated() {
                try await standing(of: family, follows: record, index, in: storage)
            }
            (view, _) = try await storage.look(family.authorized)
            try expectEqual(view.standing, .nothing, "the standing of deleted records")
        },
        Rule("the time of a change is never before the last rotation") { storage, clock in
            let family = try Sample.plain(1)
            try await storage.make(family)
            clock.advance(by: .seconds(5))
            let (_, later) = try await storage.look(family.authorized)
            try expectEqual(later, clock.now, "the time after the last rotation")
            clock.set(ManualClock.start - .hours(1))
            let (_, stepped) = try await storage.look(family.authorized)
            try expectEqual(stepped, family.state.lastRotation, "the time of a clock set back")
        },
        Rule("a change writes other families' states with its own") { storage, clock in
            let (one, other) = (try Sample.plain(1), try Sample.plain(2))
            try await storage.make(one)
            try await storage.make(other)
            let end = FamilyState(
                generation: Generation(3),
                lastRotation: clock.now,
                ended: Ended(reason: .reuse, at: clock.now)
            )
            let nobody = try Sample.id(3)
            try await storage.change(one.authorized) { _, _ in
                ErasedChange(
                    state: end,
                    writes: [.state(other.authorized.id, end), .state(nobody, end)],
                    events: []
                )
            }
            for family in [one, other] {
                let found = try await storage.find(family.authorized.id)
                try expectEqual(found.family?.state, end, "a state that was written")
            }
            let none = try await storage.find(nobody)
            try expect(none.family == nil, "a write made a family that there was not")
        },
        Rule("a change's events are stored with the time it was given") { storage, clock in
            let family = try Sample.plain(1)
            try await storage.make(family)
            clock.set(ManualClock.start - .hours(1))
            let event = AuditEvent.accountEnabled(Sample.account)
            try await storage.change(family.authorized) { _, _ in
                ErasedChange(state: nil, writes: [], events: [event])
            }
            let events = try await storage.events(of: .all, limit: 10)
            let expected = [AuditEntry(at: family.state.lastRotation, event: event)]
            try expectEqual(events, expected, "the events")
        },
        Rule("a change of an unknown family sees none and writes nothing") { storage, clock in
            let (unknown, known) = (try Sample.plain(1), try Sample.plain(2))
            try await storage.make(known)
            try await storage.add(Sample.standing(account: 1, client: 2, consent: 3))
            let end = FamilyState(generation: Generation(9), lastRotation: clock.now)
            let view = try await storage.change(unknown.authorized) { view, _ in
                Change(
                    state: end,
                    writes: [.state(known.authorized.id, end)],
                    events: [.accountEnabled(Sample.account)],
                    answer: view
                )
            }
            try expect(view.family == nil, "a change saw a family that there is not")
            let here = FamilyEpochs(account: 1, client: 2, consent: 3)
            try expectEqual(view.standing.epochs, here, "the standing that it saw")
            let none = try await storage.find(unknown.authorized.id)
            try expect(none.family == nil, "a change made a family")
            let other = try await storage.find(known.authorized.id)
            try expectEqual(other.family, known, "the other family")
            let events = try await storage.events(of: .all, limit: 10)
            try expectEqual(events, [], "the events")
        },
        Rule("events are there as soon as the state that they tell of") { storage, clock in
            let family = try Sample.plain(1)
            try await storage.make(family)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in UInt32(1)...50 {
                        let state = FamilyState(
                            generation: Generation(number),
                            lastRotation: clock.now
                        )
                        let event = AuditEvent.accountEnabled(Sample.account)
                        try await storage.change(family.authorized) { _, _ in
                            ErasedChange(state: state, writes: [], events: [event])
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<50 {
                        let found = try await storage.find(family.authorized.id)
                        let events = try await storage.events(of: .all, limit: 100)
                        let generation = found.family?.state.generation ?? .first
                        try expect(
                            events.count >= Int(generation.value),
                            "a state was seen before its event"
                        )
                    }
                }
                try await group.waitForAll()
            }
        },
    ]

    /// So many changes at once, each of which adds one to the generation that it sees; answers
    /// with what they saw, in order.
    private static func rotations(
        _ count: Int,
        of family: AuthorizedFamily,
        in storage: any Storage
    ) async throws -> [UInt32] {
        try await withThrowingTaskGroup(of: UInt32.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await storage.change(family) { view, now in
                        let seen = view.family?.state.generation ?? .last
                        let next = FamilyState(
                            generation: seen.successor ?? .last,
                            lastRotation: now
                        )
                        return Change(state: next, answer: seen.value)
                    }
                }
            }
            var seen: [UInt32] = []
            for try await generation in group { seen.append(generation) }
            return seen.sorted()
        }
    }

    /// Replaces one record's epoch, then deletes the record, and looks after each.
    private static func standing(
        of family: TokenFamily,
        follows record: StoredRecord,
        _ index: Int,
        in storage: any Storage
    ) async throws {
        let epoch = Epoch(
            value: 100,
            changedAt: ManualClock.start + .seconds(1),
            reason: .passwordChanged
        )
        let changed = StoredRecord(
            kind: record.kind,
            id: record.id,
            name: nil,
            owner: record.owner,
            version: 1,
            epoch: epoch,
            body: record.body
        )
        func seen() async throws -> Epoch? {
            let (view, _) = try await storage.look(family.authorized)
            let found = try await storage.find(family.authorized.id)
            try expectEqual(found.standing, view.standing, "the standing outside a change")
            return [view.standing.account, view.standing.client, view.standing.consent][index]
        }
        var now = try await seen()
        try expectEqual(now, record.epoch, "the epoch as it was saved")
        try await storage.save([.put(changed, expecting: 1)], events: [])
        now = try await seen()
        try expectEqual(now, epoch, "the epoch as it was replaced")
        try await storage.save([.delete(record.kind, id: record.id, expecting: 2)], events: [])
        now = try await seen()
        try expect(now == nil, "the epoch of a record that was deleted was seen")
    }
}
