import MartletCore
import MartletProtocol

/// What hangs together: codes and the families made from them, sign-ins and the families that end
/// with them.
extension StorageContract {
    static let redeeming: [Rule] = [
        Rule("what is remembered is judged and written in one step, with its events") {
            storage,
            clock in
            let first = entry("a", [1])
            var seen = try await change(storage, .put(first))
            try expect(seen == nil, "a step saw something under a key of nothing")
            seen = try await change(storage, .keep)
            try expectEqual(seen, first, "what the step saw")
            let second = entry("a", [2])
            seen = try await change(storage, .put(second))
            try expectEqual(seen, first, "what the step saw that put another in its place")
            seen = try await change(storage, .remove)
            try expectEqual(seen, second, "what the step saw that removed it")
            let found = try await storage.find(first.key)
            try expect(found == nil, "an entry is there after it was removed")
            let events = try await storage.events(of: .all, limit: 10)
            let event = AuditEvent.accountEnabled(Sample.account)
            try expectEqual(
                events,
                Array(repeating: AuditEntry(at: clock.now, event: event), count: 4),
                "the events of the steps"
            )
        },
        Rule("a step does not see what has expired") { storage, clock in
            _ = try await change(storage, .put(entry("a", [1])))
            clock.advance(by: .hours(1))
            let seen = try await change(storage, .keep)
            try expect(seen == nil, "a step saw an entry at the instant of its expiry")
        },
        Rule("of twenty steps on one entry each sees what the one before it wrote") { storage, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await storage.change(key("a")) { found, _ -> OneTimeChange<Void> in
                            let count = found?.body.first ?? 0
                            return OneTimeChange(.put(entry("a", [count + 1])), answer: ())
                        }
                    }
                }
                try await group.waitForAll()
            }
            let found = try await storage.find(key("a"))
            try expectEqual(found?.body, [20], "the count")
        },
        Rule("a step on an entry creates records and leaves the revision as it is") { storage, _ in
            let before = try await storage.revision()
            let record = Sample.standing(account: 1, client: 2, consent: 3)[0]
            try await storage.change(key("a")) { _, _ -> OneTimeChange<Void> in
                OneTimeChange(writes: [.create(record)], answer: ())
            }
            let found = try await storage.find(record.kind, id: record.id)
            try expectEqual(found.record?.version, 1, "the record's version")
            try expectEqual(found.revision, before, "the revision")
        },
        Rule("a code is used up in the step that makes the family, or not at all") { storage, _ in
            let code = entry("a", [1])
            _ = try await storage.put(code)
            let family = try Sample.plain(1)
            let seen = try await storage.insert(family, redeeming: code.key) { view, _ in
                (nil, view.redeemed)
            }
            try expectEqual(seen, code, "what the step saw")
            var found = try await storage.find(code.key)
            try expectEqual(found, code, "the code, when nothing was made")
            let used = entry("a", [2])
            try await storage.insert(family, redeeming: code.key) { _, _ in
                (Change(writes: [.remember(used)], answer: ()), ())
            }
            found = try await storage.find(code.key)
            try expectEqual(found, used, "the code, when the family was made")
        },
        Rule("of twenty families made from one code exactly one is made") { storage, _ in
            let code = entry("a", [1])
            _ = try await storage.put(code)
            let made = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in Int64(1)...20 {
                    group.addTask {
                        try await storage.insert(
                            try Sample.plain(number),
                            redeeming: code.key
                        ) { view, _ in
                            guard view.redeemed == code else { return (nil, false) }
                            return (
                                Change(writes: [.remember(entry("a", [2]))], answer: ()), true
                            )
                        }
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expectEqual(made, 1, "families made")
            let families = try await storage.list(of: .all, before: nil, limit: 30)
            try expectEqual(families.count, 1, "families found")
        },
        Rule("a family that ends with a sign-in is in good standing as long as that is there") {
            storage,
            _ in
            try await storage.add(Sample.standing(account: 0, client: 0, consent: 0))
            let signIn = OneTimeKey(.signIn, "browser")
            for (number, endsWithIt) in [(Int64(1), true), (2, false)] {
                try await storage.make(try Sample.signedIn(number, endsWithIt: endsWithIt))
            }
            try await standing(storage, bound: .signedOut)
            _ = try await storage.put(
                OneTimeEntry(key: signIn, expiresAt: ManualClock.start + .hours(1))
            )
            try await standing(storage, bound: nil)
            _ = try await storage.take(signIn)
            try await standing(storage, bound: .signedOut)
        },
    ]

    /// Looks at both families in each way that there is to look.
    private static func standing(_ storage: any Storage, bound: EndReason?) async throws {
        for (number, reason) in [(Int64(1), bound), (2, nil)] {
            let family = try Sample.signedIn(number, endsWithIt: number == 1)
            let found = try await storage.find(family.authorized.id)
            try expectEqual(found.family, family, "the family")
            let listed = try await storage.list(of: .all, before: nil, limit: 10)
                .first { $0.family == family }
            let (changed, _) = try await storage.look(family.authorized)
            for view in [found, changed] + [listed].compactMap(\.self) {
                let end = view.standing.end(of: family.authorized.epochs)
                try expectEqual(end?.reason, reason, "the end of family \(number)")
            }
            try expect(listed != nil, "a family is not in the list")
        }
        let new = try Sample.signedIn(3, endsWithIt: true)
        let isSignedIn = try await storage.insert(new) { view, _ in
            (nil, view.standing.isSignedIn)
        }
        try expectEqual(isSignedIn, bound == nil, "what a new family's step sees")
    }

    private static func key(_ id: String) -> OneTimeKey { OneTimeKey(.authorizationCode, id) }

    private static func entry(_ id: String, _ body: [UInt8]) -> OneTimeEntry {
        OneTimeEntry(key: key(id), expiresAt: ManualClock.start + .hours(1), body: body)
    }

    /// One step with one event; answers what it saw.
    private static func change(
        _ storage: any Storage,
        _ outcome: OneTimeOutcome
    ) async throws -> OneTimeEntry? {
        try await storage.change(key("a")) { found, _ in
            OneTimeChange(outcome, events: [.accountEnabled(Sample.account)], answer: found)
        }
    }
}

extension Sample {
    /// A family that was authorized from a browser.
    static func signedIn(_ number: Int64, endsWithIt: Bool) throws -> TokenFamily {
        let plain = try plain(number)
        let family = plain.authorized
        return TokenFamily(
            authorized: AuthorizedFamily(
                id: family.id,
                client: family.client,
                account: family.account,
                scope: family.scope,
                resources: family.resources,
                secretHash: family.secretHash,
                refreshKey: family.refreshKey,
                keyBinding: family.keyBinding,
                epochs: family.epochs,
                madeAt: family.madeAt,
                absoluteEnd: family.absoluteEnd,
                authentication: family.authentication,
                origin: family.origin,
                signIn: FamilySignIn(
                    id: SignInID(rawValue: "browser"),
                    endsWithIt: endsWithIt
                ),
                claims: nil
            ),
            state: plain.state
        )
    }
}
