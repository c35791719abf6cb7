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
    }

    @Test("no interleaving of up to three holders breaks the rule", arguments: Policies.allCases)
    func everything(_ policies: Policies) {
        var explorer = RotationExplorer(policies: policies.all)
        let clock = ContinuousClock()
        let time = clock.measure {
            explorer.explore(holders: 3, steps: policies.all.count == 1 ? 5 : 4)
        }
        print(policies, explorer.report, time)
        #expect(explorer.report.broken.isEmpty)
    }
}
