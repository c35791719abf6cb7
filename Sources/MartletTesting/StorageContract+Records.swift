import MartletCore

extension StorageContract {
    static let records: [Rule] = [
        Rule("a record is found exactly as it was saved, its version counted from 1") {
            storage,
            _ in
            let full = Sample.record(
                .account,
                "Rj3kV0uC",
                name: "ünïcode \u{1F426}\u{0}",
                owner: "öwner '\"",
                epoch: Epoch(
                    value: .max,
                    changedAt: Instant(microseconds: 1_767_225_600_123_456),
                    reason: .signedOutEverywhere
                ),
                body: "{\"né\": \"\u{0}\"}"
            )
            for record in [full, Sample.record(.key, "", body: "")] {
                try await storage.add([record])
                let found = try await storage.find(record.kind, id: record.id)
                try expectEqual(found.record, record.at(version: 1), "what is found by id")
                guard let name = record.name else { continue }
                let named = try await storage.find(record.kind, name: name)
                try expectEqual(named, found, "what is found by name")
            }
        },
        Rule("kinds are apart from each other") { storage, _ in
            let all = RecordKind.allCases.map {
                Sample.record($0, "id", name: "name", body: $0.rawValue)
            }
            try await storage.add(all)
            for record in all {
                let found = try await storage.find(record.kind, name: "name")
                try expectEqual(found.record, record.at(version: 1), "a record of one kind")
                let listed = try await storage.list(record.kind, owner: nil, after: nil, limit: 9)
                try expectEqual(listed.records.count, 1, "records of one kind")
            }
        },
        Rule("a record that there is not is found as none, with the revision") { storage, _ in
            try await storage.add([Sample.record(.client, "a")])
            let revision = try await storage.revision()
            let nothing = Found(record: nil, revision: revision)
            let byID = try await storage.find(.client, id: "b")
            try expectEqual(byID, nothing, "what is found by id")
            let byName = try await storage.find(.client, name: "a")
            try expectEqual(byName, nothing, "what is found by name")
            let listed = try await storage.list(.account, owner: nil, after: nil, limit: 9)
            try expectEqual(listed, Listed(records: [], revision: revision), "an empty list")
        },
        Rule("a save that expects another version is a conflict") { storage, _ in
            let record = Sample.record(.client, "a", body: "1")
            try await storage.add([record])
            for wrong in [nil, 0, 2] as [Int64?] {
                try await expectConflict(storage, [.put(record, expecting: wrong)])
            }
            let missing = Sample.record(.client, "b")
            try await expectConflict(storage, [.put(missing, expecting: 1)])
            let changed = Sample.record(.client, "a", body: "2")
            try await storage.save([.put(changed, expecting: 1)], events: [])
            let found = try await storage.find(.client, id: "a")
            try expectEqual(found.record, changed.at(version: 2), "what is found after a save")
            try await expectConflict(storage, [.put(changed, expecting: 1)])
        },
        Rule("a name belongs to one record of its kind") { storage, _ in
            let one = Sample.record(.account, "a", name: "ada")
            try await storage.add([one])
            let two = Sample.record(.account, "b", name: "ada")
            try await expectConflict(storage, [.put(two, expecting: nil)])
            try await storage.save([.put(one, expecting: 1)], events: [])
            let renamed = Sample.record(.account, "a", name: "grace")
            try await storage.save([.put(renamed, expecting: 2)], events: [])
            try await storage.add([two])
            let found = try await storage.find(.account, name: "ada")
            try expectEqual(found.record?.id, "b", "who has the name that was given up")
        },
        Rule("a deleted record is gone, and its id and name are free") { storage, _ in
            let record = Sample.record(.account, "a", name: "ada")
            try await storage.add([record])
            for wrong in [0, 2] as [Int64] {
                let delete = RecordChange.delete(.account, id: "a", expecting: wrong)
                try await expectConflict(storage, [delete])
            }
            try await storage.save([.delete(.account, id: "a", expecting: 1)], events: [])
            let found = try await storage.find(.account, id: "a")
            try expect(found.record == nil, "a deleted record was found")
            try await expectConflict(storage, [.delete(.account, id: "a", expecting: 1)])
            try await storage.add([record])
        },
        Rule("a save of several changes makes all of them or none") { storage, _ in
            let event = AuditEvent.clientCreated(Sample.client)
            try await storage.add([Sample.record(.client, "a"), Sample.record(.client, "b")])
            let revision = try await storage.revision()
            let changes: [RecordChange] = [
                .put(Sample.record(.client, "c"), expecting: nil),
                .put(Sample.record(.client, "a", body: "2"), expecting: 1),
                .delete(.client, id: "b", expecting: 1),
            ]
            try await expectConflict(
                storage,
                changes + [.put(Sample.record(.client, "a"), expecting: 1)],
                events: [event]
            )
            var listed = try await storage.list(.client, owner: nil, after: nil, limit: 9)
            try expectEqual(listed.records.map(\.id), ["a", "b"], "records after a conflict")
            try expectEqual(listed.records.map(\.version), [1, 1], "versions after a conflict")
            try expectEqual(listed.revision, revision, "the revision after a conflict")
            var events = try await storage.events(of: .all, limit: 9)
            try expectEqual(events, [], "the events of a conflict")
            try await storage.save(changes, events: [event])
            listed = try await storage.list(.client, owner: nil, after: nil, limit: 9)
            try expectEqual(listed.records.map(\.id), ["a", "c"], "records after a save")
            try expectEqual(listed.records.map(\.version), [2, 1], "versions after a save")
            events = try await storage.events(of: .all, limit: 9)
            try expectEqual(events.map(\.event), [event], "the events of a save")
        },
        Rule("changes of one save see each other") { storage, _ in
            try await storage.add([Sample.record(.account, "a", name: "ada")])
            try await storage.save(
                [
                    .delete(.account, id: "a", expecting: 1),
                    .put(Sample.record(.account, "b", name: "ada"), expecting: nil),
                ],
                events: []
            )
            let found = try await storage.find(.account, name: "ada")
            try expectEqual(found.record?.id, "b", "who has the name")
        },
        Rule("of twenty saves of one version at once exactly one succeeds") { storage, _ in
            let record = Sample.record(.client, "a")
            try await storage.add([record])
            let saved = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            try await storage.save([.put(record, expecting: 1)], events: [])
                        } catch {
                            return false
                        }
                        return true
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expectEqual(saved, 1, "saves that succeeded")
        },
        Rule("each save raises the revision, and everything reports it") { storage, _ in
            try await revisions(storage)
        },
        Rule("what is no save leaves the revision as it is") { storage, _ in
            let revision = try await storage.revision()
            let family = try Sample.plain(1)
            try await storage.make(family, events: [.clientCreated(Sample.client)])
            try await storage.set(family.authorized, to: try Sample.full(1).state)
            let now = try await storage.revision()
            try expectEqual(now, revision, "the revision")
        },
        Rule("records are listed in the order of their ids, by owner, from a cursor on") {
            storage,
            _ in
            for id in ["c", "a", "d", "b"] {
                let owner = id < "c" ? "first" : "second"
                try await storage.add([Sample.record(.consent, id, owner: owner)])
            }
            try await storage.add([Sample.record(.consent, "e")])
            try await expectRecords(storage, ["a", "b", "c", "d", "e"])
            try await expectRecords(storage, owner: "second", ["c", "d"])
            try await expectRecords(storage, owner: "third", [])
            try await expectRecords(storage, after: "b", ["c", "d", "e"])
            try await expectRecords(storage, owner: "first", after: "a", ["b"])
            try await expectRecords(storage, limit: 2, ["a", "b"])
            try await expectRecords(storage, after: "b", limit: 1, ["c"])
            try await expectRecords(storage, limit: 0, [])
        },
    ]

    private static func expectConflict(
        _ storage: any Storage,
        _ changes: [RecordChange],
        events: [AuditEvent] = []
    ) async throws {
        try await expectFailure(.conflict, "\(changes)") { () async throws(StorageError) in
            try await storage.save(changes, events: events)
        }
    }

    private static func expectRecords(
        _ storage: any Storage,
        owner: String? = nil,
        after cursor: String? = nil,
        limit: Int = 100,
        _ expected: [String]
    ) async throws {
        let listed = try await storage.list(.consent, owner: owner, after: cursor, limit: limit)
        let what = "consents of \(owner ?? "all") after \(cursor ?? "the start")"
        try expectEqual(listed.records.map(\.id), expected, what)
    }

    private static func revisions(_ storage: any Storage) async throws {
        let family = try Sample.plain(1)
        try await storage.make(family)
        let record = Sample.record(.key, "a")
        let saves: [[RecordChange]] = [
            [.put(record, expecting: nil), .put(Sample.record(.key, "b"), expecting: nil)],
            [.put(record, expecting: 1)],
            [.delete(.key, id: "a", expecting: 2)],
        ]
        for save in saves {
            let before = try await storage.revision()
            try await storage.save(save, events: [])
            let after = try await storage.revision()
            try expect(after > before, "the revision did not rise with a save")
            let found = try await storage.find(.key, id: "a").revision
            let listed = try await storage.list(.key, owner: nil, after: nil, limit: 9).revision
            let viewed = try await storage.find(family.authorized.id).revision
            let (changing, _) = try await storage.look(family.authorized)
            let new = try Sample.plain(2)
            let making = try await storage.insert(new) { view, _ in (nil, view.revision) }
            for reported in [found, listed, viewed, changing.revision, making] {
                try expectEqual(reported, after, "the revision that is reported")
            }
        }
    }
}
