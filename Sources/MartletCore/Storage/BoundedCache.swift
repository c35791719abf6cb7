import Synchronization

/// A cache of at most `capacity` values that forgets what was not asked for lately.
///
/// The values stand in a circle, each with a mark that it was asked for. When the circle is full, a
/// hand goes round, wipes marks and replaces the first value that had none. So a set of keys that
/// fits stays whole, whatever the order of asking, and each value is stored once. Constant time on
/// average.
final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Place {
        let key: Key
        var value: Value
        var wasAskedFor: Bool
    }

    private struct Circle {
        var places: [Place] = []
        var positions: [Key: Int] = [:]
        var hand = 0

        mutating func put(_ value: Value, for key: Key, capacity: Int) {
            if let position = positions[key] {
                places[position].value = value
                places[position].wasAskedFor = true
                return
            }
            let place = Place(key: key, value: value, wasAskedFor: false)
            guard places.count == capacity else {
                positions[key] = places.count
                places.append(place)
                return
            }
            while places[hand].wasAskedFor {
                places[hand].wasAskedFor = false
                hand = (hand + 1) % capacity
            }
            positions[places[hand].key] = nil
            positions[key] = hand
            places[hand] = place
            hand = (hand + 1) % capacity
        }

        /// The last place of the circle fills the gap.
        mutating func remove(_ key: Key) {
            guard let position = positions.removeValue(forKey: key) else { return }
            let last = places.removeLast()
            if position < places.count {
                places[position] = last
                positions[last.key] = position
            }
            if hand >= places.count { hand = 0 }
        }
    }

    private let capacity: Int
    private let circle = Mutex(Circle())

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    subscript(key: Key) -> Value? {
        get {
            circle.withLock { circle in
                guard let position = circle.positions[key] else { return nil }
                circle.places[position].wasAskedFor = true
                return circle.places[position].value
            }
        }
        set {
            circle.withLock { circle in
                if let newValue {
                    circle.put(newValue, for: key, capacity: capacity)
                } else {
                    circle.remove(key)
                }
            }
        }
    }
}
