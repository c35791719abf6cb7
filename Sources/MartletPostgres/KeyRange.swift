import MartletCore

/// The rows of one page of a table: those behind one key and not behind another, so many at most.
///
/// An open end is a key that comes before or after all others, so that each statement has one form,
/// and the index finds both ends.
struct KeyRange: Sendable {
    private let first: StoredKey?
    private let last: StoredKey?
    private let limit: Int

    /// Behind every word that is a kind.
    private static let highest = "~"

    init(after first: StoredKey?, through last: StoredKey?, limit: Int) {
        self.first = first
        self.last = last
        self.limit = max(0, limit)
    }

    /// Of a table whose keys are a kind and an id.
    var texts: [Parameter] {
        let low = first.flatMap(Self.text) ?? (kind: "", id: "")
        let high = last.flatMap(Self.text) ?? (kind: Self.highest, id: "")
        return [
            .plain(low.kind), .text(low.id), .plain(high.kind), .text(high.id),
            .integer(Int64(limit)),
        ]
    }

    /// Of a table whose keys are numbers.
    var numbers: [Parameter] {
        [
            .integer(first.flatMap(Self.number) ?? .min),
            .integer(last.flatMap(Self.number) ?? .max),
            .integer(Int64(limit)),
        ]
    }

    private static func text(_ key: StoredKey) -> (kind: String, id: String)? {
        switch key {
        case .record(let kind, let id): (kind.rawValue, id)
        case .oneTime(let key): (key.kind.rawValue, key.id)
        case .family, .event: nil
        }
    }

    private static func number(_ key: StoredKey) -> Int64? {
        switch key {
        case .family(let id): id.value
        case .event(let number): number
        case .record, .oneTime: nil
        }
    }
}
