import MartletCore

extension StorageContract {
    static let transfer: [Rule] = [
        Rule("a new store is in service and has an identity") { storage, _ in
            let status = try await storage.status()
            try expectEqual(status.condition, .standard, "the condition")
            try expect(!status.identity.isEmpty, "there is no identity")
            let again = try await storage.status()
            try expectEqual(again.identity, status.identity, "the identity later")
        },
        Rule("every condition comes back as it was set") { storage, _ in
            var last = StoreCondition.standard
            for condition in Sample.conditions + [.standard] {
                try await storage.setCondition(condition, expecting: last, events: [])
                let status = try await storage.status()
                try expectEqual(status.condition, condition, "the condition")
                last = condition
            }
        },
        Rule("a change of condition raises the revision and writes its events") { storage, clock in
            let before = try await storage.revision()
            let event = AuditEvent.clientCreated(Sample.client)
            let sealed = StoreCondition.sealed(at: clock.now, movedTo: "elsewhere")
            try await storage.setCondition(sealed, expecting: .standard, events: [event])
            let status = try await storage.status()
            try expect(status.revision > before, "the revision is not higher")
            try expectEqual(status.revision, try await storage.revision(), "the revision")
            let events = try await storage.events(of: .all, limit: 10)
            try expectEqual(events, [AuditEntry(at: clock.now, event: event)], "the events")
        },
        Rule("a condition that is not the expected one stays") { storage, clock in
            let copy = StoreCondition.copy(madeAt: clock.now)
            for expected in Sample.conditions {
                try await expectFailure(.conflict, "not as expected") { () throws(StorageError) in
                    try await storage.setCondition(copy, expecting: expected, events: [])
                }
            }
            let status = try await storage.status()
            try expectEqual(status.condition, .standard, "the condition")
            try expectEqual(try await storage.revision(), status.revision, "the revision")
        },
        Rule("out of service a store takes no writes, and is read as before") { storage, clock in
            let family = try Sample.plain(1)
            try await storage.make(family)
            try await storage.add([Sample.record(.client, "a")])
            let entry = OneTimeEntry(
                key: OneTimeKey(.deniedAccessToken, "a"),
                expiresAt: clock.now + .hours(1)
            )
            _ = try await storage.put(entry)
            var last = StoreCondition.standard
            for condition in Sample.conditions where !condition.takesWrites {
                try await storage.setCondition(condition, expecting: last, events: [])
                last = condition
                try await expectOutOfService(storage, family, entry, at: clock.now)
                let view = try await storage.find(family.authorized.id)
                try expectEqual(view.family, family, "the family")
                let found = try await storage.find(.client, id: "a")
                try expectEqual(found.record?.version, 1, "the record's version")
                try expectEqual(try await storage.find(entry.key), entry, "the entry")
            }
            try await storage.setCondition(.standard, expecting: last, events: [])
            try await storage.make(try Sample.plain(2))
        },
        Rule("a restoration is in the standing of every view") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            try await storage.set(
                family.authorized,
                to: FamilyState(generation: Generation(1), lastRotation: ManualClock.start)
            )
            let condition = StoreCondition.inService(Sample.restoration)
            try await storage.setCondition(condition, expecting: .standard, events: [])
            let changed = try await storage.look(family.authorized).0
            try expectEqual(changed.standing.restoration, Sample.restoration, "in a change")
            let found = try await storage.find(family.authorized.id)
            try expectEqual(found.standing.restoration, Sample.restoration, "in a find")
            let list = try await storage.list(of: .all, before: nil, limit: 2)
            try expectEqual(list.map(\.standing.restoration), [Sample.restoration], "in a list")
            let other = try Sample.plain(2)
            let seen = try await storage.insert(other) { view, _ in (nil, view.standing) }
            try expectEqual(seen.restoration, Sample.restoration, "in an insert")
            try await storage.setCondition(.standard, expecting: condition, events: [])
            let after = try await storage.look(family.authorized).0
            try expectEqual(after.standing.restoration, nil, "in a change when it is over")
        },
        Rule("rows come in the order of their keys' bytes, page by page") { storage, _ in
            let rows = try await storage.fill(with: try Sample.rows())
            let reader = try await storage.reader()
            for table in StoredTable.allCases {
                let expected = rows.filter { $0.key.table == table }.sorted { $0.key < $1.key }
                for limit in [1, 2, 1000] {
                    var found: [StoredRow] = []
                    while true {
                        let page = try await reader.rows(
                            of: table,
                            after: found.last?.key,
                            through: nil,
                            limit: limit
                        )
                        if page.isEmpty { break }
                        try expect(page.count <= limit, "more than \(limit) rows")
                        found += page
                    }
                    try expectEqual(found, expected, "the rows of \(table) by \(limit)")
                }
                for (index, row) in expected.enumerated() {
                    let page = try await reader.rows(
                        of: table,
                        after: index == 0 ? nil : expected[index - 1].key,
                        through: row.key,
                        limit: 10
                    )
                    try expectEqual(page, [row], "the rows of \(table) between two keys")
                }
            }
            await reader.close()
        },
        Rule("a reader sees one moment, and holds up nobody") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            let reader = try await storage.reader()
            try await storage.make(try Sample.plain(2))
            var state = family.state
            state.generation = Generation(7)
            try await storage.set(family.authorized, to: state)
            var rows = try await reader.rows(of: .families, after: nil, through: nil, limit: 9)
            try expectEqual(rows, [.family(family)], "the rows as of then")
            await reader.close()
            let later = try await storage.reader()
            rows = try await later.rows(of: .families, after: nil, through: nil, limit: 9)
            try expectEqual(rows.count, 2, "the rows of a later reader")
            await later.close()
            do throws(StorageError) {
                _ = try await later.rows(of: .families, after: nil, through: nil, limit: 9)
            } catch {
                if case .unavailable = error { return }
            }
            throw ContractViolation(description: "a closed reader reads")
        },
        Rule("rows are written over each other and taken away in one step") { storage, _ in
            let rows = try await storage.fill(with: try Sample.rows())
            try await storage.write(rows, removing: [])
            try expectEqual(try await storage.allRows(), rows.inOrder, "written twice")
            let other = TokenFamily(
                authorized: try Sample.full(1).authorized,
                state: try Sample.plain(1).state
            )
            let gone = rows.filter { $0.key != .family(other.authorized.id) }.map(\.key)
            try await storage.write([.family(other)], removing: gone)
            try expectEqual(try await storage.allRows(), [.family(other)], "what is left")
        },
        Rule("what was written row by row is found as if it had been made here") { storage, clock in
            let full = try Sample.full(3)
            let entry = OneTimeEntry(
                key: OneTimeKey(.authorizationCode, "c"),
                expiresAt: clock.now + .hours(1),
                body: [0, 255]
            )
            let record = Sample.record(.account, "a", name: "ann", epoch: Sample.epoch(5))
                .at(version: 41)
            let event = StoredEntry(
                number: 12,
                at: clock.now,
                event: AuditEvent.clientCreated(Sample.client).stored
            )
            let rows: [StoredRow] = [
                .family(full), .oneTime(entry), .record(record), .event(event),
            ]
            _ = try await storage.fill(with: rows)
            try await storage.putInService()
            try expectEqual(
                try await storage.find(full.authorized.id).family,
                full,
                "the family"
            )
            try expectEqual(try await storage.find(entry.key), entry, "the entry")
            let found = try await storage.find(.account, name: "ann")
            try expectEqual(found.record, record, "the record")
            try await storage.save([.put(record, expecting: 41)], events: [])
            let later = AuditEvent.clientUpdated(Sample.client)
            try await storage.save([], events: [later])
            let events = try await storage.events(of: .all, limit: 9).map(\.event)
            try expectEqual(events, [later, .clientCreated(Sample.client)], "the events")
        },
        Rule("a store in service takes no rows") { storage, _ in
            let row = StoredRow.family(try Sample.plain(1))
            try await expectFailure(.conflict, "in service") { () throws(StorageError) in
                try await storage.write([row], removing: [])
            }
            try expectEqual(try await storage.allRows(), [], "the rows")
        },
        Rule("what was answered before a seal is read after it, and nothing is added") {
            storage,
            clock in
            let made = try await withThrowingTaskGroup(of: FamilyID?.self) { group in
                for number in Int64(1)...40 {
                    group.addTask {
                        let family = try Sample.plain(number)
                        do throws(StorageError) { try await storage.make(family) } catch {
                            guard error == .outOfService else { throw error }
                            return nil
                        }
                        return family.authorized.id
                    }
                }
                let sealed = StoreCondition.sealed(at: clock.now, movedTo: "elsewhere")
                try await storage.setCondition(sealed, expecting: .standard, events: [])
                let rows = try await storage.allRows()
                let ids = try await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
                try expectEqual(
                    rows.map(\.key),
                    ids.map(StoredKey.family).sorted(),
                    "the families that were sealed in"
                )
                return ids
            }
            try expectEqual(try await storage.allRows().count, made.count, "the families later")
        },
    ]

    private static func expectOutOfService(
        _ storage: any Storage,
        _ family: TokenFamily,
        _ entry: OneTimeEntry,
        at now: Instant
    ) async throws {
        let rule = "out of service"
        let other = try Sample.plain(99)
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.make(other)
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.look(family.authorized)
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.purge(before: now, limit: 1)
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.put(entry)
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.take(entry.key)
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.change(entry.key) { _, _ in OneTimeChange(answer: ()) }
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.purgeOneTime(before: now, limit: 1)
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.add([Sample.record(.client, "b")])
        }
        try await expectFailure(.outOfService, rule) { () throws(StorageError) in
            try await storage.purgeEvents(before: now, limit: 1)
        }
    }
}

extension Sample {
    static let restoration = Restoration(
        since: ManualClock.start,
        until: ManualClock.start + .hours(1),
        holders: .everybody
    )

    /// All but the standard one.
    static let conditions: [StoreCondition] = [
        .copy(madeAt: Instant(microseconds: 1_767_225_600_123_456)),
        .sealed(at: ManualClock.start, movedTo: "postgres://ünï\"\\/"),
        .sealed(at: ManualClock.start, movedTo: "", restoration),
        .receiving(from: "0123456789abcdef"),
        .inService(restoration),
        .inService(
            Restoration(since: ManualClock.start, until: ManualClock.start, holders: .proven)
        ),
    ]

    /// Rows of every table, whose texts sort otherwise by their look than by their bytes.
    static func rows() throws -> [StoredRow] {
        let names = ["", "A", "a", "Z", "z", "é", "\u{FF5E}", "\u{1F426}", "a b"]
        let records = RecordKind.allCases.flatMap { kind in
            names.map { name in
                record(kind, name, name: "name \(kind) \(name)", owner: name, epoch: epoch(7))
                    .at(version: 3)
            }
        }
        let kinds: [OneTimeKey.Kind] = [
            .deniedAccessToken, .authorizationCode, .signIn, .deviceCode, .userCode,
        ]
        let entries = kinds.flatMap { kind in
            names.map { name in
                OneTimeEntry(
                    key: OneTimeKey(kind, name),
                    expiresAt: ManualClock.start - .days(1),
                    body: Array(name.utf8)
                )
            }
        }
        let families = [
            try plain(1), try full(2), try plain(3_000_000_000), try plain(Int64.max),
        ]
        let events = events(try id(5)).enumerated().map { index, event in
            StoredEntry(
                number: Int64(index) * 3 + 1,
                at: ManualClock.start,
                event: event.stored
            )
        }
        return records.map(StoredRow.record) + entries.map(StoredRow.oneTime)
            + families.map(StoredRow.family) + events.map(StoredRow.event)
    }
}

extension [StoredRow] {
    var inOrder: [StoredRow] { sorted { $0.key < $1.key } }
}

extension Storage {
    /// Takes the store out of service and writes these rows; answers with them.
    func fill(with rows: [StoredRow]) async throws(StorageError) -> [StoredRow] {
        try await setCondition(
            .receiving(from: "a test"),
            expecting: try await status().condition,
            events: []
        )
        try await write(rows, removing: [])
        return rows
    }

    func putInService() async throws(StorageError) {
        try await setCondition(.standard, expecting: try await status().condition, events: [])
    }

    /// Everything, in the order of the keys.
    func allRows() async throws(StorageError) -> [StoredRow] {
        let reader = try await reader()
        var all: [StoredRow] = []
        for table in StoredTable.allCases {
            all += try await reader.rows(of: table, after: nil, through: nil, limit: 10_000)
        }
        await reader.close()
        return all.inOrder
    }
}
