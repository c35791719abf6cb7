import Foundation

@testable import MartletCore

/// Many lives, each from a seed of its own, beside each other on a few threads.
struct Simulation: Sendable {
    static let workers = 2

    let template: SimulationTemplate
    let seed: UInt64
    let lives: Int
    var mistake: Mistake?

    /// So many lives are those of more than 10,000 families.
    static let standardLives = 5600

    /// The first seed of a run, and how many lives follow from it: set them to see a life again,
    /// or to see more of them.
    static let seed = number("MARTLET_SIMULATION_SEED").flatMap(UInt64.init) ?? 1
    static let lives = number("MARTLET_SIMULATION_LIVES").flatMap(Int.init) ?? standardLives

    private static func number(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name]
    }

    /// Runs them; no more of them once all of these were found broken, if there are such.
    func run(until wanted: Set<Broken>? = nil) async -> LifeReport {
        await withTaskGroup(of: LifeReport.self) { group in
            for worker in 0..<Self.workers {
                group.addTask { await work(from: worker, until: wanted) }
            }
            return await group.reduce(into: LifeReport()) { $0.add($1) }
        }
    }

    private func work(from worker: Int, until wanted: Set<Broken>?) async -> LifeReport {
        var report = LifeReport()
        for index in stride(from: worker, to: lives, by: Self.workers) {
            let life = Life(seed: seed &+ UInt64(index), template, mistake: mistake)
            report.add(life.live())
            if let wanted, wanted.isSubset(of: report.broken.keys) { break }
            // Other tests want the processor too.
            await Task.yield()
        }
        return report
    }

    /// Everything that happened in the life of this seed.
    func trace(of seed: UInt64) -> [String] {
        let life = Life(seed: seed, template, mistake: mistake, isTraced: true)
        _ = life.live()
        return ["seed \(seed): \(life.plan.summary)"] + life.trace
    }
}
