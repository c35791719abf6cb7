import MartletTesting
import Synchronization
import Testing

@testable import MartletCore

/// Moving between stores in memory; files and processes are in the command's tests.
@Suite("Moving to another store")
struct StoreMoveTests {
    private let clock = ManualClock()

    private func filled(_ families: Int64 = 2500) async throws -> InMemoryStorage {
        let storage = InMemoryStorage { [clock] in clock.now }
        for number in 1...families { try await storage.add(family(number)) }
        for name in ["a", "b"] {
            let record = StoredRecord(
                kind: .client,
                id: name,
                name: nil,
                owner: nil,
                version: 0,
                epoch: Epoch(value: 7, changedAt: clock.now, reason: nil),
                body: Array("{}".utf8)
            )
            try await storage.save([.put(record, expecting: nil)], events: [])
        }
        let entry = OneTimeEntry(
            key: OneTimeKey(.deniedAccessToken, "x"),
            expiresAt: clock.now + .hours(1)
        )
        _ = try await storage.put(entry)
        try await storage.save([], events: [.clientCreated(ClientID(rawValue: "a"))])
        return storage
    }

    private func family(_ number: Int64) throws -> TokenFamily {
        let id = try #require(FamilyID(number))
        return TokenFamily(
            authorized: Sample.authorized(id: id),
            state: FamilyState(generation: .first, lastRotation: clock.now)
        )
    }

    private func move(
        _ source: any Storage,
        _ target: any Storage,
        at place: String = "there",
        step: @escaping @Sendable (StoreMove.Step) -> Void = { _ in }
    ) -> StoreMove {
        StoreMove(
            from: source,
            to: target,
            at: place,
            surroundings: Surroundings(
                now: { [clock] in clock.now },
                randomBytes: { [UInt8](repeating: 1, count: $0) }
            ),
            step: step
        )
    }

    /// A target that fails from some call on.
    private func broken(_ target: InMemoryStorage, after calls: Int) -> WatchedStorage {
        let watched = WatchedStorage(target)
        watched.beforeTransfers { number throws(StorageError) in
            if number > calls { throw .unavailable("a test cuts it off") }
        }
        return watched
    }

    private func empty(_ identity: String = "other") -> InMemoryStorage {
        InMemoryStorage(identity: identity) { [clock] in clock.now }
    }

    @Test("the target holds everything, the source is sealed, and both digests are one")
    func moves() async throws {
        let source = try await filled()
        let target = empty()
        let outcome = try await move(source, target).run()
        #expect(try await source.status().condition == .sealed(at: clock.now, movedTo: "there"))
        #expect(try await target.status().condition == .standard)
        #expect(try await StoreDigest.read(target) == StoreDigest.read(source))
        #expect(outcome.digest.tables[.families]?.count == 2500)
        #expect(outcome.digest.tables[.records]?.count == 2)
        #expect(outcome.digest.tables[.oneTime]?.count == 1)
        #expect(outcome.digest.tables[.events]?.count == 1)
    }

    @Test("a digest differs when any field of any row does")
    func digest() async throws {
        let one = try await filled(3)
        let other = try await filled(3)
        let before = try await StoreDigest.read(one)
        #expect(try await StoreDigest.read(other) == before)
        var state = try family(2).state
        state.marks.repeated = true
        try await other.change(family(2).authorized) { [state] _, _ in
            Change(state: state, answer: ())
        }
        #expect(try await StoreDigest.read(other) != before)
    }

    @Test("what is written while the bulk is copied is there too")
    func whileServing() async throws {
        let source = try await filled()
        let target = empty()
        let late = try family(9999)
        let changed = try family(7)
        let watched = WatchedStorage(target)
        let isDone = Mutex(false)
        watched.beforeTransfers { number throws(StorageError) in
            // The first rows are being written: nothing is sealed yet.
            guard number == 7,
                isDone.withLock({ isDone in
                    defer { isDone = true }
                    return !isDone
                })
            else { return }
            try await source.add(late)
            try await source.change(changed.authorized) { view, _ in
                var state = view.family?.state ?? changed.state
                state.generation = Generation(77)
                return Change(state: state, answer: ())
            }
            _ = try await source.take(OneTimeKey(.deniedAccessToken, "x"))
        }
        let outcome = try await move(source, watched).run()
        #expect(outcome.digest.tables[.families]?.count == 2501)
        #expect(outcome.digest.tables[.oneTime]?.count == 0)
        #expect(try await target.find(late.authorized.id).family == late)
        #expect(
            try await target.find(changed.authorized.id).family?.state.generation == Generation(77)
        )
    }

    @Test("from the seal on the source takes nothing")
    func sealed() async throws {
        let source = try await filled(5)
        _ = try await move(source, empty()).run()
        await #expect(throws: StorageError.outOfService) { try await source.add(family(6)) }
    }

    @Test("cut off after any number of its calls, it goes on and ends the same")
    func resumes() async throws {
        let expected = try await StoreDigest.read(try await filled(1200))
        var wasCutOff = 0
        for calls in 0..<16 {
            let source = try await filled(1200)
            let target = empty()
            let breaking = broken(target, after: calls)
            do {
                _ = try await move(source, breaking).run()
            } catch StorageError.unavailable {
                wasCutOff += 1
                let condition = try await target.status().condition
                let isServed = condition.takesWrites
                let isUntouched = try await StoreDigest.read(target).tables[.records]?.count == 0
                #expect(!isServed || isUntouched, "half a store is in service")
                _ = try await move(source, target).run()
            }
            #expect(try await StoreDigest.read(target) == expected, "after \(calls) calls")
            #expect(try await target.status().condition == .standard)
        }
        #expect(wasCutOff >= 10)
    }

    @Test("it refuses a target that is not empty, and leaves it as it is")
    func notEmpty() async throws {
        let source = try await filled(3)
        let target = empty()
        try await target.add(family(1))
        await #expect(throws: AdministrationError.self) { try await move(source, target).run() }
        #expect(try await target.status().condition == .standard)
        #expect(try await target.find(family(1).authorized.id).family != nil)
        #expect(try await source.status().condition == .standard)
    }

    @Test("it refuses the part of another move, itself, and a source that went elsewhere")
    func refuses() async throws {
        let source = try await filled(3)
        let target = empty()
        try await target.setCondition(
            .receiving(from: "somebody else"),
            expecting: .standard,
            events: []
        )
        await #expect(throws: AdministrationError.self) { try await move(source, target).run() }
        let twin = InMemoryStorage { [clock] in clock.now }
        await #expect(throws: AdministrationError.self) { try await move(source, twin).run() }
        _ = try await move(source, empty(), at: "elsewhere").run()
        await #expect(throws: AdministrationError.self) {
            try await move(source, empty("third"), at: "there").run()
        }
    }

    @Test("a copy stays a copy wherever it is moved, and what holds since a recovery holds there")
    func carriesCondition() async throws {
        let copy = StoreCondition.copy(madeAt: clock.now)
        let restored = StoreCondition.inService(
            Restoration(since: clock.now, until: clock.now + .hours(1), holders: .proven)
        )
        for condition in [copy, restored] {
            let source = try await filled(3)
            let target = empty()
            try await source.setCondition(condition, expecting: .standard, events: [])
            _ = try await move(source, target).run()
            #expect(try await target.status().condition == condition)
        }
    }

    @Test("a move that was cut off can be undone, and nothing is lost")
    func undo() async throws {
        let source = try await filled(1200)
        let target = empty()
        let before = try await StoreDigest.read(source).tables[.families]
        await #expect(throws: StorageError.self) {
            try await move(source, broken(target, after: 10)).run()
        }
        try #require(try await !source.status().condition.takesWrites)
        try await move(source, target).undo()
        #expect(try await source.status().condition == .standard)
        #expect(try await StoreDigest.read(source).tables[.families] == before)
        try await source.add(family(5000))
        #expect(try await !target.status().condition.takesWrites)
        await #expect(throws: AdministrationError.self) { try await move(source, target).run() }
    }

    @Test("a move that came to its end cannot be undone")
    func noUndo() async throws {
        let source = try await filled(3)
        let target = empty()
        _ = try await move(source, target).run()
        await #expect(throws: AdministrationError.self) { try await move(source, target).undo() }
        #expect(try await !source.status().condition.takesWrites)
    }
}

extension InMemoryStorage {
    fileprivate func add(_ family: TokenFamily) async throws(StorageError) {
        try await insert(family, redeeming: nil) { _, _ in
            ErasedChange(state: nil, writes: [], events: [])
        }
    }
}
