/// Time and chance: all that the core takes from the world around it.
///
/// The executable makes the one that reads the system's clock and random source; a manual clock
/// and a simulation's seed take its place in tests. A story reads it once, so that what it decides
/// it decides about one instant.
package struct Surroundings: Sendable {
    /// The present instant.
    package let now: @Sendable () -> Instant

    /// As many bytes as asked for, from a cryptographically secure source.
    package let randomBytes: @Sendable (Int) -> [UInt8]

    package init(
        now: @escaping @Sendable () -> Instant,
        randomBytes: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.now = now
        self.randomBytes = randomBytes
    }

    /// A random 63-bit integer: never negative, so that every store can hold it as a signed one.
    package func random63() -> Int64 {
        let bits = randomBytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(bits >> 1)
    }
}
