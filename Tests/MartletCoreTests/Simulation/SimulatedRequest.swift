import MartletProtocol

@testable import MartletCore

/// One request of a life, from its sending to its answer.
struct SimulatedRequest {
    enum Sender: Equatable, CustomStringConvertible {
        case tab(Int)
        case thief
        /// An operator, the person elsewhere, the house-keeping.
        case somebody

        var description: String {
            switch self {
            case .tab(let index): "tab \(index)"
            case .thief: "thief"
            case .somebody: "somebody"
            }
        }
    }

    /// How a thief presents a token.
    enum Disguise: String, CaseIterable {
        case none
        /// With a scope that nobody was granted, to see whether the token is good.
        case badScope
        /// As another client.
        case otherClient
        /// Without the client's secret.
        case noSecret
        /// With a letter changed.
        case altered
    }

    enum Kind {
        case login
        /// With the string of an authorization code or of a device code.
        case exchange(OneTimeKey, code: String)
        case refresh(String, Disguise)
        case revoke(String)
        case deed(LifePlan.Deed, RotationPolicy?)
    }

    let number: Int
    let sender: Sender
    let kind: Kind
    let node: Int
    /// When it was sent and when it arrived, by true time.
    let sent: Instant
    var arrivedTruly: Instant?
    /// When it arrived, by the server's clock.
    var arrived: Instant?
    /// What the committed steps so far come to.
    var expected = Ledger.Expected.step
    /// The last step should have written something and did not: its story has to start again.
    var mustStartAgain = false
    /// Its last step had nothing to write and was judged by a secret that was replaced before. Whether
    /// its story started again, only its answer tells.
    var mustNotBeGranted = false
    var hadFailedStep = false
    /// The family that it made.
    var made: FamilyID?

    var token: String? {
        switch kind {
        case .refresh(let token, _), .revoke(let token): token
        case .login, .exchange, .deed: nil
        }
    }
}

extension SimulatedRequest: CustomStringConvertible {
    var description: String {
        let what =
            switch kind {
            case .login: "signs in"
            case .exchange: "exchanges a code"
            case .refresh(let token, .none): "presents …\(token.suffix(6))"
            case .refresh(let token, let disguise): "presents …\(token.suffix(6)), \(disguise)"
            case .revoke(let token): "revokes …\(token.suffix(6))"
            case .deed(let deed, _): "\(deed)"
            }
        return "#\(number) \(sender) \(what)"
    }
}
