/// A bounded memory of what was of use lately.
///
/// Two halves: entries go into the young one; when it is full it becomes the old one, and what was in
/// the old one is forgotten. Whatever is used moves to the young one, so what is in use stays.
struct RecentEntries<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let halfCapacity: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    /// - Parameter capacity: How many entries are kept at most; 2 at least.
    init(capacity: Int) {
        halfCapacity = max(1, capacity / 2)
    }

    /// Room that is made at once: more is made when it is needed.
    private static var firstRoom: Int { 2048 }

    mutating func value(for key: Key) -> Value? {
        if let value = young[key] { return value }
        guard let value = old[key] else { return nil }
        keep(value, for: key)
        return value
    }

    mutating func keep(_ value: Value, for key: Key) {
        if young.count >= halfCapacity, young[key] == nil {
            old = young
            young = Dictionary(minimumCapacity: min(halfCapacity, Self.firstRoom))
        }
        young[key] = value
    }

    mutating func forget(_ key: Key) {
        young[key] = nil
        old[key] = nil
    }
}
