import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The keys of an issuer, fetched when they are needed and kept.
///
/// Nobody waits for a key that is at hand. One fetch runs at a time, however many ask; a token that
/// names an unknown key makes no more than one look every ``Terms/missingInterval``; keys that were
/// fetched stay good while the issuer cannot be reached, for ``Terms/keptFor``. How they are fetched
/// is the caller's business:
///
/// ```swift
/// let keys = FetchedKeySet { try JSONWebKeySet(json: JSONValue(parsing: try await get(jwksURI))) }
/// ```
public final class FetchedKeySet: KeySource {
    /// How long keys are good, and how often they are asked for. All in seconds.
    public struct Terms: Sendable, Hashable {
        /// After so long a look at the issuer follows the next use, which does not wait for it: a key
        /// that the issuer drops is noticed.
        public var freshFor: Double = 600
        /// After so long without a look that succeeded, the keys are no longer good.
        public var keptFor: Double = 86_400
        /// Between two looks for keys that are missing: anybody can make a token that names one.
        public var missingInterval: Double = 30
        /// Between two looks after one that failed.
        public var failureInterval: Double = 2

        /// Ten minutes, a day, half a minute and two seconds.
        public init() {}
    }

    /// Why nothing was fetched: the last look failed a moment ago.
    public struct Unreachable: Error, Hashable, Sendable, CustomStringConvertible {
        /// One sentence for a log.
        public let description = "The issuer's keys could not be fetched a moment ago."
    }

    /// What is known of the issuer's keys.
    struct Held: Sendable {
        var keys: JSONWebKeySet?
        var fetchedAt: Double?
        var failedAt: Double?
    }

    /// What to do about keys. The rule, the first row that fits:
    ///
    /// | the keys | asked because | |
    /// | --- | --- | --- |
    /// | any | a look failed within `failureInterval` | none |
    /// | none, or older than `keptFor` | | look |
    /// | older than `freshFor` | | look |
    /// | older than `missingInterval` | a key is missing | look |
    /// | else | | none |
    static func needsLook(
        _ held: Held,
        missing: Bool,
        at now: Double,
        under terms: Terms
    ) -> Bool {
        if let failedAt = held.failedAt, (0..<terms.failureInterval).contains(now - failedAt) {
            return false
        }
        guard held.keys != nil, let fetchedAt = held.fetchedAt else { return true }
        let age = max(0, now - fetchedAt)
        return age >= (missing ? min(terms.missingInterval, terms.freshFor) : terms.freshFor)
    }

    private let terms: Terms
    private let secondsSince1970: @Sendable () -> Double
    private let fetch: @Sendable () async throws -> JSONWebKeySet
    private let held = Mutex(Held())
    private let looking = SharedWork<JSONWebKeySet>()

    /// A set that is empty until it is asked.
    ///
    /// - Parameters:
    ///   - terms: How long keys are good, and how often they are asked for.
    ///   - secondsSince1970: The clock; by default the system's.
    ///   - fetch: Asks the issuer.
    public init(
        terms: Terms = Terms(),
        secondsSince1970: @escaping @Sendable () -> Double = systemClock,
        fetch: @escaping @Sendable () async throws -> JSONWebKeySet
    ) {
        self.terms = terms
        self.secondsSince1970 = secondsSince1970
        self.fetch = fetch
    }

    /// The system's clock, in seconds since the first of January 1970, UTC.
    @Sendable public static func systemClock() -> Double {
        Date().timeIntervalSince1970
    }

    /// The keys as they are known, or nil if there are none that are still good. If they are not
    /// fresh, a look at the issuer begins.
    public func keysAtHand() -> JSONWebKeySet? {
        let now = secondsSince1970()
        let held = held.withLock { $0 }
        guard held.keys != nil else { return nil }
        // Requests that come while a look is on its way begin no task each.
        if Self.needsLook(held, missing: false, at: now, under: terms), !looking.isRunning {
            Task { try? await look() }
        }
        return good(held, at: now)
    }

    /// The keys after a look at the issuer, if the last one is not too recent.
    ///
    /// - Parameter keyID: The `kid` that was not found.
    /// - Returns: The keys; they may still lack that one.
    /// - Throws: What the fetch threw, or ``Unreachable``.
    public func keys(missing keyID: String?) async throws -> JSONWebKeySet {
        let now = secondsSince1970()
        let held = held.withLock { $0 }
        if Self.needsLook(held, missing: true, at: now, under: terms) { return try await look() }
        guard let keys = good(held, at: now) else { throw Unreachable() }
        return keys
    }

    private func good(_ held: Held, at now: Double) -> JSONWebKeySet? {
        guard let fetchedAt = held.fetchedAt, now - fetchedAt < terms.keptFor else { return nil }
        return held.keys
    }

    @discardableResult
    private func look() async throws -> JSONWebKeySet {
        try await looking.value { [self] in
            do {
                let keys = try await fetch()
                let now = secondsSince1970()
                held.withLock { $0 = Held(keys: keys, fetchedAt: now, failedAt: nil) }
                return keys
            } catch {
                let now = secondsSince1970()
                held.withLock { $0.failedAt = now }
                throw error
            }
        }
    }
}
