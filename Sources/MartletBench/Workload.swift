import MartletProtocol

/// What is asked of the server.
enum Workload: String, Codable, CaseIterable {
    case refresh
    case clientCredentials
    case introspection
    case userInfo

    /// What a person calls one of them.
    var shown: String {
        switch self {
        case .refresh: "rotations"
        case .clientCredentials: "client credentials"
        case .introspection: "introspections"
        case .userInfo: "userinfo"
        }
    }
}

extension PartFigures {
    /// How often in a second one core can do it at most, whatever the program: a bare request that
    /// reads and answers as many bytes, and the operations that make it what it is.
    ///
    /// - Parameter row: what a row costs in commits of several sizes.
    func limit(
        of workload: Workload,
        _ bare: [Sample],
        row: [RowCost],
        _ connections: Int
    ) -> Double? {
        guard !bare.isEmpty else { return nil }
        let request = 1_000_000 / Sample.median(bare).perSecond
        return 1_000_000 / (request + operations(of: workload, Self.row(row, for: connections)))
    }

    private func operations(of workload: Workload, _ row: Double) -> Double {
        switch workload {
        case .refresh: signature + refreshCodes + row
        case .clientCredentials: signature + secretCode
        case .introspection: verification + secretCode
        case .userInfo: verification
        }
    }
}
