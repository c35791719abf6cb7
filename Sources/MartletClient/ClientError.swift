#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Why a sign-in, a session or a request came to nothing, and what can be done about it.
///
/// ```swift
/// do {
///     show(try await session.data(for: request))
/// } catch let error as ClientError where error.needsSignIn {
///     // Expired, ended, or ended because the refresh token was used twice.
///     show("Please sign in again. " + error.description)
/// } catch let error as ClientError where error.isTemporary {
///     showOffline(tryAgainAt: error.retryAt)
/// }
/// ```
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// The kind of the error. New codes may be added, so a `switch` needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        enum Name: String {
            case offline, notSignedIn, expired, ended, usedTwice
            case denied, refused, unsupported, untrusted, tookTooLong, insecure, store
        }

        let name: Name

        private init(_ name: Name) {
            self.name = name
        }

        /// The code's name.
        public var description: String { name.rawValue }

        /// The server gave no answer, or one that says nothing: try later. The session stands.
        public static let offline = Code(.offline)
        /// Nobody is signed in.
        public static let notSignedIn = Code(.notSignedIn)
        /// The session is over: it was not used for too long, or its time is up. Sign in again.
        public static let expired = Code(.expired)
        /// The session was ended, or its token is no longer good and the server did not say why.
        /// Sign in again.
        public static let ended = Code(.ended)
        /// The session was ended because its refresh token was used twice: it may have been stolen.
        /// Sign in again.
        public static let usedTwice = Code(.usedTwice)
        /// The person said no.
        public static let denied = Code(.denied)
        /// The server refused the request; ``ClientError/refusal`` has its words. That is for a
        /// developer: a wrong client, scope or redirect URI.
        public static let refused = Code(.refused)
        /// The server does not have what is needed.
        public static let unsupported = Code(.unsupported)
        /// An answer is not to be believed: another issuer, state or nonce, or an ID token that does
        /// not hold.
        public static let untrusted = Code(.untrusted)
        /// The person did not finish in time.
        public static let tookTooLong = Code(.tookTooLong)
        /// An address is neither https nor on loopback, so nothing secret is sent there.
        public static let insecure = Code(.insecure)
        /// The tokens could not be read, or could not be kept.
        public static let store = Code(.store)
    }

    /// The kind of the error.
    public let code: Code

    /// One sentence. It holds nothing secret.
    public let description: String

    /// What the server said, if it did.
    public internal(set) var refusal: ServerRefusal?

    /// When trying again is worth while, if ``isTemporary``.
    public internal(set) var retryAt: Date?

    /// What went wrong below, for a log.
    public internal(set) var underlying: (any Error)?

    init(
        _ code: Code,
        _ description: String,
        refusal: ServerRefusal? = nil,
        retryAt: Date? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.description = description
        self.refusal = refusal
        self.retryAt = retryAt
        self.underlying = underlying
    }

    /// Whether the person has to sign in (again): ``Code/notSignedIn``, ``Code/expired``,
    /// ``Code/ended`` or ``Code/usedTwice``.
    public var needsSignIn: Bool {
        switch code.name {
        case .notSignedIn, .expired, .ended, .usedTwice: true
        case .offline, .denied, .refused, .unsupported, .untrusted, .tookTooLong, .insecure,
            .store:
            false
        }
    }

    /// Whether the same may succeed later: ``Code/offline``.
    public var isTemporary: Bool { code == .offline }
}

/// What an authorization server refused with (RFC 6749 §5.2, §4.1.2.1).
public struct ServerRefusal: Hashable, Sendable {
    /// The registered error code, as `invalid_client`.
    public let error: String

    /// The server's sentence for developers, if it sent one.
    public let explanation: String?

    /// What a server may say without being cut off: a sentence, not a page.
    static let maximumLength = 500

    init(error: String, explanation: String?) {
        self.error = Self.plain(error)
        self.explanation = explanation.map(Self.plain)
    }

    /// Printable ASCII of bounded length: it ends up in logs and terminals.
    private static func plain(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(maximumLength).map {
                (0x20...0x7E).contains($0) ? $0 : 0x3F
            },
            as: UTF8.self
        )
    }
}
