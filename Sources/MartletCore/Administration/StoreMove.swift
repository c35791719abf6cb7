import MartletProtocol

/// Takes everything to another store, which goes on in place of this one: what `martlet move` does.
///
/// The bulk is copied while servers work on the source. Then the source is sealed, so that nothing
/// is lost and nothing is written twice, the rest is copied, and both are compared. Only then may
/// the target be served. It can be cut off at any moment and run again; it goes on where it was.
package struct StoreMove: Sendable {
    /// Copying again pays as long as it finds more than this to do; the rest waits for the seal.
    static let smallPass = 5 * StoredPage.limit
    /// Beside a very busy server no pass is small.
    static let maximumPasses = 4

    package enum Step: Sendable, Equatable {
        case copying(pass: Int, StorePass.Progress)
        /// From here on the source takes no writes.
        case sealed
        case copyingTheRest(StorePass.Progress)
        case comparing
    }

    package struct Outcome: Sendable, Equatable {
        package let digest: StoreDigest
        /// Rows that were copied after the seal.
        package let rest: Int
        /// Between the seal and the end: how long nobody could refresh.
        package let pause: Duration
        /// What the target is now.
        package let condition: StoreCondition
    }

    package let source: any Storage
    package let target: any Storage
    /// How the target is called; without secrets, for it is written into the source.
    package let place: String
    package let surroundings: Surroundings
    package let step: @Sendable (Step) -> Void

    package init(
        from source: any Storage,
        to target: any Storage,
        at place: String,
        surroundings: Surroundings,
        step: @escaping @Sendable (Step) -> Void = { _ in }
    ) {
        self.source = source
        self.target = target
        self.place = place
        self.surroundings = surroundings
        self.step = step
    }

    package func run() async throws -> Outcome {
        let from = try await source.status()
        try await claimTarget(for: from)
        if from.condition.takesWrites { try await copyBeforeSeal() }
        let begun = surroundings.now()
        let final = try await seal(from.condition)
        let rest = try await StorePass(from: source, to: target) { step(.copyingTheRest($0)) }.run()
        step(.comparing)
        let digest = try await compared()
        try await target.setCondition(
            final,
            expecting: .receiving(from: from.identity),
            events: []
        )
        return Outcome(
            digest: digest,
            rest: rest.changes,
            pause: surroundings.now() - begun,
            condition: final
        )
    }

    // MARK: Steps

    /// Makes sure that the target is empty or a part of this very source.
    private func claimTarget(for from: StoreStatus) async throws {
        try refuseOtherMoves(of: from)
        let to = try await target.status()
        switch to.condition {
        case .receiving(from: from.identity): return
        case .receiving:
            throw AdministrationError(
                "A move from another store to \(place) was cut off; take an empty store."
            )
        case .inService(nil):
            guard to.identity != from.identity else {
                throw AdministrationError("\(place) is the store itself.")
            }
            // First, for what is claimed is overwritten.
            guard try await isEmpty() else {
                throw AdministrationError(
                    "\(place) is not empty; a store is moved to an empty one."
                )
            }
            try await target.setCondition(
                .receiving(from: from.identity),
                expecting: to.condition,
                events: []
            )
        case .inService, .copy, .sealed:
            throw AdministrationError("\(place) is not empty; a store is moved to an empty one.")
        }
    }

    private func refuseOtherMoves(of from: StoreStatus) throws(AdministrationError) {
        switch from.condition {
        case .inService, .copy: return
        case .sealed(_, let other, _):
            guard !other.isSameText(as: place) else { return }
            throw AdministrationError(
                "The store is sealed: it was moved to \(other), or a move to there was cut off."
            )
        case .receiving:
            throw AdministrationError(
                "The store is not whole: a move to it was cut off. Run that one again first."
            )
        }
    }

    private func isEmpty() async throws(StorageError) -> Bool {
        let reader = try await target.reader()
        var isEmpty = true
        do throws(StorageError) {
            for table in StoredTable.allCases where isEmpty {
                isEmpty = try await reader.rows(of: table, after: nil, through: nil, limit: 1)
                    .isEmpty
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return isEmpty
    }

    private func copyBeforeSeal() async throws(StorageError) {
        for number in 1...Self.maximumPasses {
            let pass = StorePass(from: source, to: target) { step(.copying(pass: number, $0)) }
            if try await pass.run().changes <= Self.smallPass { return }
        }
    }

    /// Takes the source out of service; answers with what the target will be.
    private func seal(_ condition: StoreCondition) async throws(StorageError) -> StoreCondition {
        switch condition {
        case .inService(let restoration):
            try await source.setCondition(
                .sealed(at: surroundings.now(), movedTo: place, restoration),
                expecting: condition,
                events: []
            )
            step(.sealed)
            return condition
        case .sealed(_, _, let restoration): return .inService(restoration)
        // What is a copy stays one, wherever it is.
        case .copy, .receiving: return condition
        }
    }

    private func compared() async throws -> StoreDigest {
        async let there = StoreDigest.read(target)
        let here = try await StoreDigest.read(source)
        guard try await there == here else {
            throw AdministrationError(
                "\(place) does not hold what the store holds: somebody else writes to one of them. "
                    + "It is not put into service; run the same command again."
            )
        }
        return here
    }

    // MARK: Undoing

    /// Gives up a move that was cut off: the source goes on as if nothing had been, and the target
    /// can never be served. Possible only as long as the target was not put into service.
    package func undo() async throws {
        let from = try await source.status()
        guard case .sealed(_, let other, let restoration) = from.condition,
            other.isSameText(as: place)
        else {
            throw AdministrationError("The store is not sealed for a move to \(place).")
        }
        let receiving = StoreCondition.receiving(from: from.identity)
        guard try await target.status().condition == receiving else {
            throw AdministrationError(
                "\(place) is in service, or nothing of this store: what it has done since would be "
                    + "lost. If it is to be given up all the same, stop every server on it and run "
                    + "martlet recover here."
            )
        }
        try await target.setCondition(
            .sealed(at: surroundings.now(), movedTo: "nowhere: the move was undone"),
            expecting: receiving,
            events: []
        )
        try await source.setCondition(
            .inService(restoration),
            expecting: from.condition,
            events: [.storeRecovered(.moveUndone)]
        )
    }
}
