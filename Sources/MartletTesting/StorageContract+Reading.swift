import MartletCore

extension StorageContract {
    static let reading: [Rule] = [
        Rule("a family that there is not is found as none, in no standing") { storage, _ in
            try await storage.add(Sample.standing(account: 1, client: 2, consent: 3))
            let found = try await storage.find(try Sample.id(1))
            let revision = try await storage.revision()
            try expectEqual(
                found,
                FamilyView(family: nil, standing: .nothing, revision: revision),
                "what is found"
            )
        },
        Rule("a family is found with its standing and the revision") { storage, _ in
            let family = try Sample.plain(1)
            try await storage.make(family)
            try await storage.add(Sample.standing(account: 1, client: 2, consent: 3))
            let found = try await storage.find(family.authorized.id)
            let revision = try await storage.revision()
            let standing = Standing(
                account: Sample.epoch(1),
                client: Sample.epoch(2),
                consent: Sample.epoch(3)
            )
            try expectEqual(
                found,
                FamilyView(family: family, standing: standing, revision: revision),
                "what is found"
            )
        },
        Rule("families are listed by what is asked for, the newest first") { storage, _ in
            try await fill(storage)
            let one = Sample.account
            let (client, other) = (Sample.client, Sample.otherClient)
            try await expectList(storage, .all, [6, 5, 4, 3, 2, 1])
            try await expectList(storage, .account(one), [6, 4, 2, 1])
            try await expectList(storage, .client(client), [5, 3, 2, 1])
            try await expectList(storage, .accountAtClient(one, client), [2, 1])
            try await expectList(storage, .accountAtClient(Sample.otherAccount, other), [])
        },
        Rule("a list goes on before its cursor and keeps to its limit") { storage, _ in
            try await fill(storage)
            let all = FamilySelection.all
            let mine = FamilySelection.account(Sample.account)
            try await expectList(storage, all, before: 4, [3, 2, 1])
            try await expectList(storage, all, limit: 2, [6, 5])
            try await expectList(storage, all, before: 5, limit: 2, [4, 3])
            try await expectList(storage, mine, before: 6, limit: 2, [4, 2])
            try await expectList(storage, mine, before: 1, [])
            try await expectList(storage, all, limit: 0, [])
        },
        Rule("a list holds what find finds, ended families too") { storage, _ in
            let family = try Sample.full(1)
            try await storage.make(family)
            try await storage.add(Sample.standing(account: 1, client: 2, consent: 3))
            try await storage.make(try Sample.plain(2))
            for view in try await storage.list(of: .all, before: nil, limit: 10) {
                guard let id = view.family?.authorized.id else {
                    throw ContractViolation(description: "a list holds a view of no family")
                }
                let found = try await storage.find(id)
                try expectEqual(view, found, "a view in a list")
            }
        },
        Rule("purging removes families whose absolute end is over, and no others") {
            storage,
            clock in
            for number in Int64(1)...5 {
                try await storage.make(try Sample.plain(number, lives: .seconds(number)))
            }
            // The third's end is the instant itself: it does not lie before it.
            let instant = clock.now + .seconds(3)
            var count = try await storage.purge(before: instant, limit: 1)
            try expectEqual(count, 1, "removed within a limit of 1")
            count = try await storage.purge(before: instant, limit: 10)
            try expectEqual(count, 1, "removed after that")
            count = try await storage.purge(before: instant, limit: 10)
            try expectEqual(count, 0, "removed when nothing is left to remove")
            try await expectList(storage, .all, [5, 4, 3])
            let gone = try Sample.plain(1, lives: .seconds(1))
            let (view, _) = try await storage.look(gone.authorized)
            try expect(view.family == nil, "a purged family left its state behind")
            try await storage.make(gone)
        },
    ]

    private static func fill(_ storage: any Storage) async throws {
        try await storage.make(try Sample.plain(2))
        try await storage.make(try Sample.plain(1))
        try await storage.make(try Sample.plain(3, account: Sample.otherAccount))
        try await storage.make(try Sample.plain(4, client: Sample.otherClient))
        try await storage.make(try Sample.plain(5, account: Sample.otherAccount))
        try await storage.make(try Sample.plain(6, client: Sample.otherClient))
    }

    private static func expectList(
        _ storage: any Storage,
        _ selection: FamilySelection,
        before cursor: Int64? = nil,
        limit: Int = 100,
        _ expected: [Int64]
    ) async throws {
        let listed = try await storage.list(
            of: selection,
            before: try cursor.map(Sample.id),
            limit: limit
        )
        try expectEqual(
            listed.map { $0.family?.authorized.id.value },
            expected,
            "the list of \(selection)"
        )
    }
}
