import Testing

@testable import MartletCore

/// Thousands of lives of token families, with honest apps, racing tabs, thieves and operators,
/// before the real server and a store whose steps interleave as the seed says.
///
/// A failure names the seeds of the lives that broke something, and prints the first of them.
/// `MARTLET_SIMULATION_SEED=… MARTLET_SIMULATION_LIVES=1` lives that one again.
@Suite("Simulation of clients and thieves")
struct SimulationTests {
    /// In so many lives a mistake is found.
    static let livesThatFind = 1500

    @Test("whatever clients, thieves and operators do in whichever order, the rule holds")
    func everything() async throws {
        let simulation = Simulation(
            template: try await SimulationTemplate(),
            seed: Simulation.seed,
            lives: Simulation.lives
        )
        let report = await simulation.run()
        print(
            "simulated \(report.lives) lives from seed \(Simulation.seed): \(report.families) "
                + "families, \(report.requests) requests, \(report.refusals) refused, "
                + "\(report.honestLogouts) times an app was told to sign in again"
        )
        if let first = report.seeds.first {
            let trace = simulation.trace(of: first).joined(separator: "\n")
            Issue.record("broken: \(report.broken), in the lives of \(report.seeds)\n\(trace)")
        }
        guard report.lives >= Simulation.standardLives else { return }
        let missing = report.missing.map { "\($0.row) under \($0.holding)" }
        #expect(missing == [], "rows of the table that no life met")
        #expect(report.families > 10_000)
        #expect(report.mostConsecutiveRepeats >= 3, "no thief kept in lockstep")
        #expect(report.codesUsedAgain > 100)
    }

    @Test("a seed determines a life to its last step")
    func determined() async throws {
        let simulation = Simulation(template: try await SimulationTemplate(), seed: 1, lives: 1)
        for seed in 1...40 as ClosedRange<UInt64> {
            let once = simulation.trace(of: seed)
            #expect(once == simulation.trace(of: seed))
            #expect(once.count > 1)
        }
    }

    @Test("a mistake is found", arguments: Mistake.allCases)
    func mistakes(_ mistake: Mistake) async throws {
        let simulation = Simulation(
            template: try await SimulationTemplate(),
            seed: 1,
            lives: Self.livesThatFind,
            mistake: mistake
        )
        let report = await simulation.run(until: mistake.breaks)
        #expect(
            mistake.breaks.isSubset(of: report.broken.keys),
            "\(report.lives) lives found \(report.broken)"
        )
    }

    @Test("each invariant is broken by some mistake")
    func allInvariants() {
        let broken = Mistake.allCases.flatMap(\.breaks)
        #expect(Set(broken) == Set(Broken.allCases))
    }
}
