import Testing

@testable import MartletBench

/// What a server cannot be faster than.
struct LimitTests {
    private static let parts = PartFigures(
        signature: 20,
        verification: 50,
        refreshCodes: 4,
        secretCode: 1,
        row: [.init(batch: 1, processorTime: 80), .init(batch: 16, processorTime: 12)],
        rowOfMany: [.init(batch: 1, processorTime: 90)],
        synchronization: 150,
        tokenVerification: 55,
        repeatedTokenVerification: 55
    )
    /// 14 us each.
    private static let bare = [
        Sample(perSecond: 1_000_000 / 14, processorTime: 14, p50: 1, p99: 2)
    ]

    /// Microseconds: the signature or the verification, the codes and the row upon the request.
    private static let sums: [(Workload, Double)] = [
        (.refresh, 50), (.clientCredentials, 35), (.introspection, 65), (.userInfo, 64),
    ]

    @Test(
        "the limit is a bare request and the operations of its kind, one after the other",
        arguments: sums
    )
    func sum(workload: Workload, microseconds: Double) throws {
        let limit = Self.parts.limit(of: workload, Self.bare, row: Self.parts.row, 64)
        let perSecond = try #require(limit)
        #expect((1_000_000 / perSecond - microseconds).magnitude < 0.001)
    }

    @Test("without a bare server's figures there is no limit")
    func nothingMeasured() {
        #expect(Self.parts.limit(of: .refresh, [], row: Self.parts.row, 64) == nil)
    }

    @Test("a row costs what it does in the largest commit that the connections can fill")
    func batches() {
        #expect(PartFigures.row(Self.parts.row, for: 15) == 80)
        #expect(PartFigures.row(Self.parts.row, for: 16) == 12)
        #expect(PartFigures.row(Self.parts.row, for: 256) == 12)
    }

    @Test("a median is the middle one, or between the two in the middle")
    func medians() {
        #expect([5.0, 1, 3].median == 3)
        #expect([5.0, 1, 3, 4].median == 3.5)
        #expect([Double]().median == 0)
    }
}
