import MartletCore
import Testing

/// Every history that a few holders can make, not only those that somebody thought of.
@Suite("Exploration of the rule")
struct RotationExplorationTests {
    /// The policies that the requests of one exploration hold.
    enum Policies: String, CaseIterable {
        case overlap0, overlap10, untilUsed, `static`
        /// A client that may use its token in place, and proves itself in some requests only.
        case proofComesAndGoes
        /// An operator who changes the client's policy while its families live.
        case policyChanges

        var all: [RotationPolicy] {
            let inPlace = Sample.policy(.static, overlap: .untilUsed)
            return switch self {
            case .overlap0: [Sample.policy(overlap: .seconds(0))]
            case .overlap10: [Sample.policy(overlap: .seconds(10))]
            case .untilUsed: [Sample.policy(overlap: .untilUsed)]
            case .static: [inPlace]
            case .proofComesAndGoes: [inPlace.holding(for: .boundKey), inPlace.holding(for: .none)]
            case .policyChanges:
                [
                    Sample.policy(overlap: .seconds(10)), Sample.policy(overlap: .untilUsed),
                    Sample.policy(.static, overlap: .seconds(10)),
                ]
            }
        }

        /// With several policies per request the tree is wider, so it is cut lower.
        var steps: Int { all.count == 1 ? 5 : 4 }

        /// Somewhat fewer states than there are, so that the search cannot pass by not searching.
        var fewestStates: Int {
            switch self {
            case .overlap0: 40_000
            case .overlap10, .untilUsed: 150_000
            case .static: 200
            case .proofComesAndGoes, .policyChanges: 50_000
            }
        }
    }

    @Test("no interleaving of up to three holders breaks the rule", arguments: Policies.allCases)
    func everything(_ policies: Policies) {
        var explorer = RotationExplorer(policies: policies.all)
        explorer.explore(holders: 3, steps: policies.steps)
        let report = explorer.report
        #expect(report.broken.isEmpty)
        #expect(report.states > policies.fewestStates)
        #expect(report.edges > 5 * report.states)
        switch policies {
        case .overlap0:
            #expect(report.repeats == 0)
            #expect(report.reuses > 50_000)
        case .static:
            #expect(report.highestGeneration == 0)
            #expect(report.reuses == 0)
        case .overlap10, .untilUsed, .proofComesAndGoes, .policyChanges:
            #expect(report.repeats > 15_000)
            #expect(report.reuses > 100_000)
        }
        guard policies != .static else { return }
        // Each step rotates but those of the last two holders that it takes to steal the token.
        #expect(report.highestGeneration == UInt32(3 * policies.steps - 2))
    }

    @Test(
        "a lone client that retries within the overlap is never logged out",
        arguments: [Policies.overlap10, .untilUsed, .static]
    )
    func honest(_ policies: Policies) {
        var explorer = RotationExplorer(policies: policies.all, behaviour: .honest)
        explorer.explore(holders: 1, steps: 12)
        let report = explorer.report
        #expect(report.ended == 0)
        #expect(report.reuses == 0)
        #expect(report.broken.isEmpty)
        #expect(report.states > (policies == .static ? 30 : 400))
        #expect(report.highestGeneration == (policies == .static ? 0 : 12))
    }

    @Test("without overlap a lost answer costs a lone client its session")
    func withoutOverlap() {
        var explorer = RotationExplorer(policies: Policies.overlap0.all, behaviour: .honest)
        explorer.explore(holders: 1, steps: 12)
        #expect(explorer.report.reuses > 0)
        #expect(explorer.report.broken.isEmpty)
    }

    @Test("a broken rule is found", arguments: BrokenRule.allCases)
    func broken(_ rule: BrokenRule) {
        var broken: Set<RotationExplorer.Invariant> = []
        for policies in Policies.allCases {
            var explorer = RotationExplorer(policies: policies.all, rule: rule.rule)
            explorer.explore(holders: 2, steps: 3)
            broken.formUnion(explorer.report.broken.keys)
        }
        #expect(broken.isSuperset(of: rule.breaks), "found \(broken)")
    }

    @Test("each invariant is broken by some broken rule")
    func allInvariants() {
        let broken = BrokenRule.allCases.flatMap(\.breaks)
        #expect(Set(broken) == Set(RotationExplorer.Invariant.allCases))
    }
}
