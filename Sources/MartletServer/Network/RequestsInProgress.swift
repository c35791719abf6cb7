import Synchronization

/// How many requests are being answered at this moment, and whether there is room for another.
///
/// Who comes past the bound is told so at once: an early 503 costs a client a second, while a queue
/// without end has everybody wait until they have given up, and the server work for nobody.
package final class RequestsInProgress: Sendable {
    /// At the usual pace the last of so many waits for a quarter of a second. A disk that takes
    /// 100 ms for a sync still serves all of them within one.
    package static let maximum = 2048

    private let count = Atomic<Int>(0)

    /// Counts a request, refused or not, until it says ``leave()``.
    ///
    /// - Returns: whether there is room for it.
    func enter() -> Bool {
        count.wrappingAdd(1, ordering: .relaxed).newValue <= Self.maximum
    }

    func leave() {
        count.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Waits for something to happen without being counted meanwhile: a request that waits costs
    /// nobody else anything. How many wait has a bound of its own (``EndedSessionsWatch``).
    func whileWaiting<Value: Sendable>(_ wait: () async -> Value) async -> Value {
        leave()
        let value = await wait()
        _ = enter()
        return value
    }
}
