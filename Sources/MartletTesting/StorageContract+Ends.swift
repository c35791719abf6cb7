import MartletCore

extension StorageContract {
    static let ends: [Rule] = [
        Rule("what ends is read in the order of its positions, as it was written") {
            storage,
            clock in
            let written = Sample.ends(try Sample.id(77))
            for ended in written { try await storage.end(ended) }
            let ends = try await storage.ends(after: .start, from: clock.now, limit: 1000)
            let expected = written.enumerated().map { index, ended in
                EndLogEntry(
                    position: EndPosition(Int64(index) + 1),
                    at: clock.now,
                    ended: ended
                )
            }
            try expectEqual(ends, expected, "the end log")
        },
        Rule("each event that ends something is in the end log, by whichever step it came") {
            storage,
            clock in
            let events = Sample.events(try Sample.id(77))
            let ended = events.compactMap(\.endedTokens)
            try await storage.save([], events: events)
            let family = try Sample.plain(1)
            try await storage.make(family, events: events)
            try await storage.change(family.authorized) { _, _ in
                Change(events: events, answer: ())
            }
            try await storage.change(OneTimeKey(.signIn, "a")) { _, _ in
                OneTimeChange(events: events, answer: ())
            }
            let ends = try await storage.ends(after: .start, from: clock.now, limit: 1000)
            try expectEqual(
                ends.map(\.ended),
                ended + ended + ended + ended,
                "what ended in four steps"
            )
        },
        Rule("an end goes with its step: where nothing is changed, nothing ends") {
            storage,
            clock in
            let family = try Sample.plain(1)
            let ended = EndedTokens.everything
            try await storage.change(family.authorized) { _, _ in
                Change(writes: [.end(ended)], answer: ())
            }
            let stale = RecordChange.delete(.client, id: "a", expecting: 1)
            try await expectFailure(.conflict, "a save of what is not there") {
                () async throws(StorageError) in
                try await storage.save([stale], events: [.keysRotated(.compromised)])
            }
            let ends = try await storage.ends(after: .start, from: clock.now, limit: 10)
            try expectEqual(ends, [], "the end log")
        },
        Rule("the end log is read from a position and an instant on, within a limit") {
            storage,
            clock in
            let clients = (1...6).map { ClientID(rawValue: "\($0)") }
            for client in clients {
                try await storage.end(.client(client))
                clock.advance(by: .seconds(1))
            }
            func read(
                _ after: Int64,
                _ seconds: Int64,
                _ limit: Int
            ) async throws -> [Int64] {
                try await storage.ends(
                    after: EndPosition(after),
                    from: ManualClock.start + .seconds(seconds),
                    limit: limit
                ).map(\.position.value)
            }
            try expectEqual(try await read(0, 0, 2), [1, 2], "the first two")
            try expectEqual(try await read(2, 0, 3), [3, 4, 5], "the three after the second")
            try expectEqual(try await read(0, 3, 10), [4, 5, 6], "those from the third second on")
            try expectEqual(try await read(4, 3, 1), [5], "the one after the fourth")
            try expectEqual(try await read(6, 0, 10), [], "after the last")
            try expectEqual(try await read(7, 0, 10), [], "after what never was")
        },
        Rule("purging removes the oldest ends, but never the last") { storage, clock in
            for number in 1...4 {
                try await storage.end(.client(ClientID(rawValue: "\(number)")))
                clock.advance(by: .seconds(1))
            }
            let later = clock.now + .days(1)
            try expectEqual(
                try await storage.purgeEnds(before: later, limit: 2),
                2,
                "removed within a limit of 2"
            )
            try expectEqual(
                try await storage.purgeEnds(before: later, limit: 10),
                1,
                "removed after that"
            )
            try expectEqual(
                try await storage.purgeEnds(before: later, limit: 10),
                0,
                "removed when only the last is left"
            )
            try await storage.end(.everything)
            let ends = try await storage.ends(after: .start, from: ManualClock.start, limit: 10)
            try expectEqual(ends.map(\.position.value), [4, 5], "the positions that stay")
            try expectEqual(
                try await storage.purgeEnds(before: ManualClock.start, limit: 10),
                0,
                "removed from before the first"
            )
        },
        Rule("a store that was filled from another notes that it does not know what ended before") {
            storage,
            clock in
            _ = try await storage.fill(with: [])
            try await storage.putInService()
            let copy = StoreCondition.copy(madeAt: clock.now)
            try await storage.setCondition(copy, expecting: .standard, events: [])
            try await storage.putInService()
            let ends = try await storage.ends(after: .start, from: clock.now, limit: 10)
            let noted = EndLogEntry(position: EndPosition(1), at: clock.now, ended: .unknown)
            try expectEqual(ends, [noted], "the end log")
        },
        Rule("ends that are written at once get a position each, without holes") {
            storage,
            clock in
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        try? await storage.end(.client(ClientID(rawValue: "\(number)")))
                    }
                }
            }
            let ends = try await storage.ends(after: .start, from: clock.now, limit: 100)
            try expectEqual(ends.map(\.position.value), Array(1...40), "the positions")
            try expectEqual(Set(ends.map { "\($0.ended)" }).count, 40, "what ended")
        },
    ]
}

extension Storage {
    /// Ends something by a step that does nothing else.
    fileprivate func end(_ ended: EndedTokens) async throws(StorageError) {
        try await change(OneTimeKey(.signIn, "end")) { _, _ in
            OneTimeChange(writes: [.end(ended)], answer: ())
        }
    }
}

extension Sample {
    /// One of everything that ends.
    fileprivate static func ends(_ family: FamilyID) -> [EndedTokens] {
        [
            .session(family),
            .signIn(SignInID(rawValue: "a_-b"), of: account),
            .account(otherAccount),
            .consent(account, otherClient),
            .sessions(ofClient: otherClient),
            .client(client),
            .accessToken("Ünïcode \"\\\n\u{1F426}", audience: ["https://api.example/", "urn:b"]),
            .accessToken("", audience: []),
            .everything,
            .unknown,
        ]
    }
}
