import MartletCore

extension StorageContract {
    static let audit: [Rule] = [
        Rule("every event comes back as it was written, the newest first") { storage, clock in
            let written = Sample.events(try Sample.id(77))
            for event in written {
                try await storage.save([], events: [event])
            }
            let events = try await storage.events(of: .all, limit: 1000)
            let expected = written.reversed().map { AuditEntry(at: clock.now, event: $0) }
            try expectEqual(events, expected, "the events")
        },
        Rule("events of one step keep their order") { storage, _ in
            let written = Sample.events(try Sample.id(77))
            try await storage.make(try Sample.plain(1), events: written)
            let events = try await storage.events(of: .all, limit: 1000)
            try expectEqual(events.map(\.event), written.reversed(), "the events")
        },
        Rule("events are found by family and by account, within a limit") { storage, _ in
            let written = Sample.events(try Sample.id(77)) + Sample.events(try Sample.id(78))
            try await storage.save([], events: written)
            let selections: [AuditSelection] = [
                .all, .family(try Sample.id(77)), .account(Sample.account),
                .account(Sample.otherAccount), .family(try Sample.id(79)),
            ]
            for selection in selections {
                let expected = Array(written.reversed().filter(selection.includes))
                let events = try await storage.events(of: selection, limit: 1000)
                try expectEqual(events.map(\.event), expected, "the events of \(selection)")
                let first = try await storage.events(of: selection, limit: 3)
                try expectEqual(first, Array(events.prefix(3)), "the first of \(selection)")
            }
        },
        Rule("purging removes the oldest events, and no others") { storage, clock in
            let clients = (1...5).map { ClientID(rawValue: "\($0)") }
            for client in clients {
                try await storage.save([], events: [.clientCreated(client)])
                clock.advance(by: .seconds(1))
            }
            let instant = ManualClock.start + .seconds(3)
            var count = try await storage.purgeEvents(before: instant, limit: 2)
            try expectEqual(count, 2, "removed within a limit of 2")
            count = try await storage.purgeEvents(before: instant, limit: 10)
            try expectEqual(count, 1, "removed after that")
            count = try await storage.purgeEvents(before: instant, limit: 10)
            try expectEqual(count, 0, "removed when nothing is left to remove")
            let events = try await storage.events(of: .all, limit: 10)
            let expected = clients.suffix(2).reversed().map { AuditEvent.clientCreated($0) }
            try expectEqual(events.map(\.event), expected, "the events that stay")
        },
    ]

    static let closing: [Rule] = [
        Rule("a closed store refuses everything, however often it is closed") { storage, clock in
            let family = try Sample.plain(1)
            try await storage.make(family)
            await storage.close()
            await storage.close()
            let now = clock.now
            try await expectClosed { try await storage.make(try Sample.plain(2)) }
            try await expectClosed { _ = try await storage.look(family.authorized) }
            try await expectClosed { _ = try await storage.find(family.authorized.id) }
            try await expectClosed {
                _ = try await storage.list(of: .all, before: nil, limit: 1)
            }
            try await expectClosed { _ = try await storage.purge(before: now, limit: 1) }
            let entry = OneTimeEntry(key: OneTimeKey(.deniedAccessToken, "a"), expiresAt: now)
            try await expectClosed { _ = try await storage.put(entry) }
            try await expectClosed { _ = try await storage.find(entry.key) }
            try await expectClosed { _ = try await storage.take(entry.key) }
            try await expectClosed { _ = try await storage.purgeOneTime(before: now, limit: 1) }
            try await expectClosed { _ = try await storage.find(.client, id: "a") }
            try await expectClosed { _ = try await storage.find(.client, name: "a") }
            try await expectClosed { try await storage.save([], events: []) }
            try await expectClosed {
                _ = try await storage.list(.client, owner: nil, after: nil, limit: 1)
            }
            try await expectClosed { _ = try await storage.events(of: .all, limit: 1) }
            try await expectClosed { _ = try await storage.purgeEvents(before: now, limit: 1) }
            try await expectClosed {
                _ = try await storage.ends(after: .start, from: now, limit: 1)
            }
            try await expectClosed { _ = try await storage.purgeEnds(before: now, limit: 1) }
            try await expectClosed { _ = try await storage.revision() }
        },
        Rule("closing finishes what was accepted") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for number in Int64(2)...60 {
                    group.addTask {
                        do { try await storage.make(try Sample.plain(number)) } catch {
                            if case .unavailable = error as? StorageError { return true }
                            return false
                        }
                        return true
                    }
                }
                group.addTask {
                    await storage.close()
                    return true
                }
                return await group.reduce(true) { $0 && $1 }
            }
            try expect(outcomes, "a write ended neither done nor refused as unavailable")
        },
    ]

    private static func expectClosed(_ work: () async throws -> Void) async throws {
        do { try await work() } catch {
            if case .unavailable = error as? StorageError { return }
            throw ContractViolation(description: "a closed store failed with \(error)")
        }
        throw ContractViolation(description: "a closed store did what it was asked")
    }
}
