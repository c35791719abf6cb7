import MartletCore

extension StorageContract {
    static let oneTime: [Rule] = [
        Rule("what is put under a key is found until it expires") { storage, clock in
            let entry = entry("a", expiresIn: .seconds(10), body: [0, 1, 255])
            let put = try await storage.put(entry)
            try expect(put, "a new entry was refused")
            var found = try await storage.find(entry.key)
            try expectEqual(found, entry, "what is found")
            clock.advance(by: .seconds(10))
            found = try await storage.find(entry.key)
            try expect(found == nil, "an entry was found at the instant of its expiry")
            let other = try await storage.find(key("b"))
            try expect(other == nil, "something was found under a key of nothing")
        },
        Rule("an entry may be empty, and its key may be any text") { storage, _ in
            let entry = entry("Ünïcode \u{1F426} \"' \u{0} ;--", expiresIn: .days(1), body: [])
            _ = try await storage.put(entry)
            let found = try await storage.find(entry.key)
            try expectEqual(found, entry, "what is found")
        },
        Rule("a key that is there is not written again until it has expired") { storage, clock in
            let first = entry("a", expiresIn: .seconds(10), body: [1])
            let second = entry("a", expiresIn: .seconds(20), body: [2])
            _ = try await storage.put(first)
            var put = try await storage.put(second)
            try expect(!put, "an entry was put over another")
            var found = try await storage.find(first.key)
            try expectEqual(found, first, "what is found after the refusal")
            clock.advance(by: .seconds(10))
            put = try await storage.put(second)
            try expect(put, "an entry was refused because of one that had expired")
            found = try await storage.find(first.key)
            try expectEqual(found, second, "what is found in place of what expired")
        },
        Rule("of twenty that put one key at once exactly one succeeds") { storage, _ in
            let entry = entry("a", expiresIn: .seconds(10))
            let count = try await winners { try await storage.put(entry) }
            try expectEqual(count, 1, "entries put")
        },
        Rule("of twenty that take one entry at once exactly one gets it") { storage, _ in
            let entry = entry("a", expiresIn: .seconds(10), body: [7])
            _ = try await storage.put(entry)
            let count = try await winners { try await storage.take(entry.key) == entry }
            try expectEqual(count, 1, "entries taken")
            let found = try await storage.find(entry.key)
            try expect(found == nil, "an entry is there after it was taken")
        },
        Rule("what has expired cannot be taken") { storage, clock in
            let entry = entry("a", expiresIn: .seconds(10))
            _ = try await storage.put(entry)
            clock.advance(by: .seconds(10))
            let taken = try await storage.take(entry.key)
            try expect(taken == nil, "an expired entry was taken")
        },
        Rule("purging removes expired entries, and no others") { storage, clock in
            for number in Int64(1)...5 {
                _ = try await storage.put(entry("\(number)", expiresIn: .seconds(number)))
            }
            let instant = clock.now + .seconds(3)
            var count = try await storage.purgeOneTime(before: instant, limit: 1)
            try expectEqual(count, 1, "removed within a limit of 1")
            count = try await storage.purgeOneTime(before: instant, limit: 10)
            try expectEqual(count, 1, "removed after that")
            for number in 3...5 {
                let found = try await storage.find(key("\(number)"))
                try expect(found != nil, "an entry was purged before its time")
            }
        },
    ]

    private static func key(_ id: String) -> OneTimeKey {
        OneTimeKey(.deniedAccessToken, id)
    }

    private static func entry(
        _ id: String,
        expiresIn duration: Duration,
        body: [UInt8] = []
    ) -> OneTimeEntry {
        OneTimeEntry(key: key(id), expiresAt: ManualClock.start + duration, body: body)
    }

    /// How many of twenty at once succeed.
    private static func winners(
        _ attempt: @escaping @Sendable () async throws -> Bool
    ) async throws -> Int {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { try await attempt() } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }
}
