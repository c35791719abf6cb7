/// What the parts of a request cost on this machine, in microseconds.
struct PartFigures: Codable {
    /// One ES256 signature, and one verification, by swift-crypto alone.
    let signature: Double
    let verification: Double
    /// The codes of a refresh: the tag of the presented token, that of its successor, the client's
    /// secret, and the hash of the family secret.
    let refreshCodes: Double
    /// The code of a client's or an API's secret.
    let secretCode: Double
    /// Processor time of one row's change in a commit of so many, on few and on many live rows.
    let row: [RowCost]
    let rowOfMany: [RowCost]
    /// One `fdatasync` of one overwritten page.
    let synchronization: Double
    /// What `AccessTokenVerifier` takes for a token that it never saw, and for the same one again.
    let tokenVerification: Double
    let repeatedTokenVerification: Double

    struct RowCost: Codable {
        let batch: Int
        let processorTime: Double
    }

    /// The batch that so many connections can fill.
    static func row(_ costs: [RowCost], for connections: Int) -> Double {
        (costs.last { $0.batch <= connections } ?? costs.first)?.processorTime ?? 0
    }

    static func median(_ all: [PartFigures]) -> PartFigures {
        PartFigures(
            signature: all.map(\.signature).median,
            verification: all.map(\.verification).median,
            refreshCodes: all.map(\.refreshCodes).median,
            secretCode: all.map(\.secretCode).median,
            row: median(all.map(\.row)),
            rowOfMany: median(all.map(\.rowOfMany)),
            synchronization: all.map(\.synchronization).median,
            tokenVerification: all.map(\.tokenVerification).median,
            repeatedTokenVerification: all.map(\.repeatedTokenVerification).median
        )
    }

    private static func median(_ all: [[RowCost]]) -> [RowCost] {
        (all.first ?? []).indices.map { index in
            RowCost(
                batch: all[0][index].batch,
                processorTime: all.map { $0[index].processorTime }.median
            )
        }
    }
}
