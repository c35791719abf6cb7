@testable import MartletCore

/// Looks at a life from outside, when it is over: at the answers alone, in the order in which they
/// were committed, with no knowledge of what the store held. It is apart from the ``Ledger``, so
/// that a mistake there cannot hide one in the server.
struct LifeReview {
    struct Answer {
        let presented: String
        /// The refresh token that came back; `nil` if the request was refused for good.
        let brought: String?
        let arrived: Instant
        let committed: Instant
        let overlap: RotationPolicy.Overlap
    }

    private(set) var broken: [(Broken, String)] = []
    private var newest: String
    private var previous: String?
    private var rotatedAt: Instant?
    private var wasUsedInPlace = false
    private var isDead = false
    private var successors: [String: String] = [:]
    private var predecessors: [String: String] = [:]

    /// - Parameter first: the token that came with the login.
    init(first: String, answers: [Answer]) {
        newest = first
        for answer in answers {
            if let brought = answer.brought {
                grant(answer, brought)
            } else {
                isDead = true
            }
        }
    }

    private mutating func grant(_ answer: Answer, _ brought: String) {
        let presented = answer.presented
        if isDead { note(.deadStaysDead, "…\(presented.suffix(6)) was good after the end") }
        if presented != brought {
            let successor = successors.updateValue(brought, forKey: presented)
            let predecessor = predecessors.updateValue(presented, forKey: brought)
            if successor != nil && successor != brought
                || predecessor != nil && predecessor != presented
            {
                note(.branch, "…\(presented.suffix(6)) brought …\(brought.suffix(6))")
            }
        }
        if presented == newest {
            wasUsedInPlace = presented == brought
            guard presented != brought else { return }
            previous = newest
            newest = brought
            rotatedAt = answer.committed
        } else if presented == previous {
            if brought != newest { note(.branch, "a repeat brought something else") }
            if wasUsedInPlace || isOverlapOver(at: answer) {
                note(.bothGoOn, "…\(presented.suffix(6)) was good after the overlap")
            }
        } else {
            note(.twoLive, "…\(presented.suffix(6)) was good, …\(newest.suffix(6)) is the newest")
        }
    }

    private func isOverlapOver(at answer: Answer) -> Bool {
        guard let rotatedAt else { return false }
        switch answer.overlap {
        case .untilUsed: return false
        case .seconds(let seconds):
            return seconds == 0 || answer.arrived >= rotatedAt + .seconds(seconds)
        }
    }

    private mutating func note(_ broken: Broken, _ text: String) {
        self.broken.append((broken, text))
    }
}
