import Synchronization

/// A cache of at most `capacity` values that forgets what was not asked for lately.
///
/// Two halves: a value is put into the young one; when that is full it becomes the old one and the
/// old one is dropped; a value found in the old one moves to the young one. Constant time, no list
/// to keep in order.
final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let half: Int
    private let halves = Mutex((young: [Key: Value](), old: [Key: Value]()))

    init(capacity: Int) {
        half = max(1, capacity / 2)
    }

    subscript(key: Key) -> Value? {
        get {
            halves.withLock { halves in
                if let value = halves.young[key] { return value }
                guard let value = halves.old[key] else { return nil }
                Self.put(value, for: key, in: &halves, half: half)
                return value
            }
        }
        set {
            halves.withLock { halves in
                halves.old[key] = nil
                guard let newValue else {
                    halves.young[key] = nil
                    return
                }
                Self.put(newValue, for: key, in: &halves, half: half)
            }
        }
    }

    private static func put(
        _ value: Value,
        for key: Key,
        in halves: inout (young: [Key: Value], old: [Key: Value]),
        half: Int
    ) {
        if halves.young.count >= half {
            halves.old = halves.young
            halves.young = [:]
        }
        halves.young[key] = value
    }
}
