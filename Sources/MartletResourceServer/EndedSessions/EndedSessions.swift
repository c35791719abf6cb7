public import MartletProtocol
import Synchronization

/// The sessions that ended lately, so that their access tokens are refused although they verify and
/// have not expired.
///
/// ```swift
/// let ended = EndedSessions()
/// let follower = EndedSessionsFollower(
///     issuer: issuer, audience: audience, clientID: clientID, secret: Secret(secret), into: ended)
/// let tokens = AccessTokenGuard(verifier, checks: [ended])
///
/// // Until this function returns, beside the API.
/// async let _: Void = follower.run()
/// try await serve(tokens)
/// ```
///
/// Asking it costs some look-ups in memory. What it knows comes from an ``EndedSessionsFollower``, or
/// from whatever else calls ``note(_:)`` and ``heard()``. Make one at start and share it.
public final class EndedSessions: AccessTokenCheck {
    /// What becomes of tokens while nobody knows whether they have ended.
    public enum WhenUnknown: Sendable {
        /// They are refused. With 503 while the issuer cannot be heard; with 401, as if they had ended,
        /// if it cannot tell any more what ended before a certain time: their clients refresh them.
        case refused
        /// They are accepted, and an ended session goes on for at most an access token's life.
        case accepted
    }

    /// How many ends are kept at most unless somebody says otherwise: some 10 MiB if it is full.
    public static let standardCapacity = 100_000

    /// After so many seconds without a word of the issuer nobody knows what ended, unless somebody
    /// says otherwise. An answer of Martlet waits for 25 seconds.
    public static let standardPatience: Double = 60

    /// How long an end is kept, in seconds, whose issuer does not say how long its tokens live.
    public static let standardTokenLifetime: Double = 86_400

    /// What becomes of tokens while nobody knows whether they have ended.
    public let whenUnknown: WhenUnknown

    /// After so many seconds without a word of the issuer nobody knows what ended.
    public let patience: Double

    /// The longest life of an access token, in seconds, where the issuer does not tell.
    public let longestTokenLifetime: Double

    /// Expired tokens are refused a little late, by as much as a verifier's leeway.
    private static let leeway = AccessTokenVerifier.maximumLeeway

    private struct Knowledge {
        var marks: EndedMarks
        /// When it was last known that everything is known.
        var heardAt: Double?
        /// Of what ended before, nobody knows; `iat` of that second and later is good.
        var unknownBefore: Int64?
        var forgotAt: Double = 0

        mutating func lose(before time: Int64) {
            unknownBefore = max(unknownBefore ?? time, time)
        }
    }

    private let knowledge: Mutex<Knowledge>
    private let secondsSince1970: @Sendable () -> Double

    /// What is known at the start: nothing.
    ///
    /// - Parameters:
    ///   - whenUnknown: What becomes of tokens while nobody knows whether they have ended: at the
    ///     start, when the issuer is not heard of for longer than `patience`, or when it lost what it
    ///     knew.
    ///   - patience: How many seconds without a word of the issuer are borne.
    ///   - longestTokenLifetime: The longest life of an access token, in seconds, where the issuer
    ///     does not tell.
    ///   - capacity: How many ends are kept at most. More than that in the life of an access token,
    ///     and what is over counts as not known.
    ///   - secondsSince1970: The clock; by default the system's.
    public init(
        whenUnknown: WhenUnknown = .refused,
        patience: Double = standardPatience,
        longestTokenLifetime: Double = standardTokenLifetime,
        capacity: Int = standardCapacity,
        secondsSince1970: @escaping @Sendable () -> Double = AccessTokenVerifier.systemClock
    ) {
        self.whenUnknown = whenUnknown
        self.patience = max(0, patience)
        self.longestTokenLifetime = max(0, longestTokenLifetime)
        self.secondsSince1970 = secondsSince1970
        knowledge = Mutex(Knowledge(marks: EndedMarks(capacity: capacity)))
    }

    /// Refuses a token whose session has ended, and one of which nobody knows that, if it is to be.
    ///
    /// - Parameter token: A token that is good in all other respects.
    /// - Throws: ``AccessTokenError``: ``AccessTokenError/Code/invalidToken`` or
    ///   ``AccessTokenError/Code/endedSessionsUnknown``.
    public func check(_ token: AccessToken) throws(AccessTokenError) {
        switch standing(of: token.claims, at: secondsSince1970()) {
        case .goesOn: return
        case .ended: throw .invalid("The access token's session has ended.")
        case .lost: throw .invalid("Whether the access token's session has ended is not known.")
        case .unheard:
            throw AccessTokenError(
                .endedSessionsUnknown,
                "Whether the access token's session has ended is not known now."
            )
        }
    }

    /// What is known of a token's session.
    enum Standing: Sendable, Hashable {
        case goesOn, ended
        /// The issuer cannot tell any more; it can of newer tokens.
        case lost
        /// The issuer has not been heard of for too long.
        case unheard
    }

    func standing(of claims: AccessTokenClaims, at now: Double) -> Standing {
        knowledge.withLock { knowledge in
            if knowledge.marks.include(claims) { return .ended }
            switch whenUnknown {
            case .accepted: return .goesOn
            case .refused: break
            }
            guard isHeard(knowledge, at: now) else { return .unheard }
            if let unknownBefore = knowledge.unknownBefore, claims.issuedAt < unknownBefore {
                return .lost
            }
            return .goesOn
        }
    }

    /// Whether the issuer was heard of lately. Not if that lies ahead: the clock was set back, and
    /// nobody knows how long ago it was.
    private func isHeard(_ knowledge: Knowledge, at now: Double) -> Bool {
        guard let heardAt = knowledge.heardAt else { return false }
        return (0...patience).contains(now - heardAt)
    }

    // MARK: - What is heard

    /// Takes in what ended.
    ///
    /// - Parameter claims: What a verified security event token of the issuer for this API says.
    public func note(_ claims: SessionRevokedClaims) {
        let now = secondsSince1970()
        let expiry =
            claims.tokensExpireAt.map(Double.init)
            ?? Double(claims.endedAt) + longestTokenLifetime
        knowledge.withLock { knowledge in
            let isKept = knowledge.marks.note(
                claims.subject,
                endedAt: claims.endedAt,
                keptUntil: expiry + Self.leeway,
                at: now
            )
            if !isKept { knowledge.lose(before: Int64(now) + 1) }
        }
    }

    /// Notes that nobody can tell any more what ended before a time.
    ///
    /// - Parameter time: In seconds since 1970.
    public func lost(before time: Int64) {
        knowledge.withLock { $0.lose(before: time) }
    }

    /// Notes that at this moment everything that ended is known.
    public func heard() {
        let now = secondsSince1970()
        knowledge.withLock { knowledge in
            knowledge.heardAt = now
            guard now - knowledge.forgotAt >= Self.tidyInterval else { return }
            knowledge.forgotAt = now
            knowledge.marks.forget(expiredAt: now)
        }
    }

    /// In seconds; looking through 100,000 marks takes some milliseconds.
    private static let tidyInterval: Double = 60

    /// What is known, for a readiness check or a metric.
    public struct Status: Sendable, Hashable {
        /// Whether everything that ended is known.
        public let isCurrent: Bool
        /// When that was last so, in seconds since 1970; nil if never.
        public let heardAt: Double?
        /// Of what ended before this time, in seconds since 1970, nobody knows; nil if there is no
        /// such time.
        public let unknownBefore: Int64?
        /// How many ends are kept.
        public let count: Int
    }

    /// What is known now.
    public var status: Status {
        let now = secondsSince1970()
        return knowledge.withLock { knowledge in
            Status(
                isCurrent: isHeard(knowledge, at: now),
                heardAt: knowledge.heardAt,
                unknownBefore: knowledge.unknownBefore,
                count: knowledge.marks.count
            )
        }
    }
}
