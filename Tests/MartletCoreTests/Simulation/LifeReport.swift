/// What came of one life, or of many.
struct LifeReport: Sendable {
    /// A row of the table under what the policy came to.
    struct Cell: Hashable, Sendable {
        let row: Row
        let holding: Holding
    }

    var lives = 0
    var families = 0
    var requests = 0
    var refusals = 0
    var cells: [Cell: Int] = [:]
    /// How often each thing went wrong, and the seeds of the first lives in which it did.
    var broken: [Broken: Int] = [:]
    var seeds: [UInt64] = []
    /// Lockstep of two holders within the overlap: the most repeats in a row that were counted.
    var mostConsecutiveRepeats = 0
    /// Logins that a code was good for, and codes that were presented again.
    var codesUsedAgain = 0
    var honestLogouts = 0

    static let keptSeeds = 5

    mutating func add(_ other: LifeReport) {
        lives += other.lives
        families += other.families
        requests += other.requests
        refusals += other.refusals
        cells.merge(other.cells, uniquingKeysWith: +)
        broken.merge(other.broken, uniquingKeysWith: +)
        seeds = Array((seeds + other.seeds).sorted().prefix(Self.keptSeeds))
        mostConsecutiveRepeats = max(mostConsecutiveRepeats, other.mostConsecutiveRepeats)
        codesUsedAgain += other.codesUsedAgain
        honestLogouts += other.honestLogouts
    }

    /// The rows that were not reached under a policy under which there are such.
    var missing: [Cell] {
        Holding.allCases.flatMap { holding in
            Row.allCases.filter { !holding.impossible.contains($0) }
                .map { Cell(row: $0, holding: holding) }
                .filter { cells[$0] == nil }
        }
    }
}
