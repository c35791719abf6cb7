import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What sessions' records share in memory")
struct FamilyCacheTests {
    @Test("a record that shares another one's parts says what it said")
    func same() {
        let records = [Sample.authorized(), record(text: "one"), record(text: "another")]
        for record in records {
            for other in records { #expect(record.sharing(other) == record) }
        }
    }

    @Test("texts that only look the same are not shared")
    func spelling() {
        let composed = record(text: "caf\u{E9}")
        let decomposed = record(text: "cafe\u{301}")
        let shared = decomposed.sharing(composed)
        #expect(Self.bytes(of: shared) == Self.bytes(of: decomposed))
        #expect(Self.bytes(of: shared) != Self.bytes(of: composed))
    }

    private func record(text: String) -> AuthorizedFamily {
        AuthorizedFamily(
            id: Sample.id,
            client: ClientID(rawValue: text),
            account: AccountID(rawValue: text),
            scope: .none,
            resources: [ResourceID(rawValue: text)],
            secretHash: nil,
            refreshKey: RefreshKeyID(0),
            keyBinding: nil,
            epochs: Sample.epochs,
            madeAt: Sample.login,
            absoluteEnd: Sample.login,
            authentication: Authentication(
                time: Sample.login,
                contextClass: text,
                methods: [text]
            ),
            origin: Origin(address: "", userAgent: text)
        )
    }

    private static func bytes(of record: AuthorizedFamily) -> [[UInt8]] {
        ([record.client.rawValue, record.account.rawValue, record.origin.userAgent]
            + record.resources.map(\.rawValue) + record.authentication.methods
            + [record.authentication.contextClass ?? ""])
            .map { Array($0.utf8) }
    }
}
