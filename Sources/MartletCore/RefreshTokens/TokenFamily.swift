package import MartletProtocol

/// One login on one client, and every refresh token that descends from it (RFC 9700 §4.14).
///
/// It is two records, whatever the number of its rotations: what was authorized, written once and
/// never changed, and a narrow state that each rotation overwrites.
package struct TokenFamily: Sendable, Equatable {
    package let authorized: AuthorizedFamily
    package let state: FamilyState

    package init(authorized: AuthorizedFamily, state: FamilyState) {
        self.authorized = authorized
        self.state = state
    }
}

/// What was authorized when the family was made. Never changed, so a cached one is never wrong, and
/// everybody who needs it can hold the same one.
package final class AuthorizedFamily: Sendable, Equatable {
    package let id: FamilyID
    package let client: ClientID
    package let account: AccountID
    package let scope: Scope
    /// The APIs that access tokens may be made for, beside the issuer itself.
    package let resources: [ResourceID]
    /// SHA-256 of the secret that each of the family's refresh tokens carries; `nil` if the
    /// authorization came without refresh token.
    package let secretHash: [UInt8]?
    /// The refresh key that the family's tokens are tagged with for their whole life.
    package let refreshKey: RefreshKeyID
    /// The thumbprint of the key that the tokens are bound to (RFC 9449, RFC 8705); nothing makes
    /// such bindings yet.
    package let keyBinding: String?
    package let epochs: FamilyEpochs
    package let madeAt: Instant
    /// Fixed at login; no rotation moves it.
    package let absoluteEnd: Instant
    package let authentication: Authentication
    package let origin: Origin
    /// The browser's sign-in that it was authorized from; `nil` if there was none.
    package let signIn: FamilySignIn?
    /// The claims that the client asked for one by one (OIDC Core §5.5).
    package let claims: ClaimsRequest?

    package init(
        id: FamilyID,
        client: ClientID,
        account: AccountID,
        scope: Scope,
        resources: [ResourceID],
        secretHash: [UInt8]?,
        refreshKey: RefreshKeyID,
        keyBinding: String?,
        epochs: FamilyEpochs,
        madeAt: Instant,
        absoluteEnd: Instant,
        authentication: Authentication,
        origin: Origin,
        signIn: FamilySignIn? = nil,
        claims: ClaimsRequest? = nil
    ) {
        self.id = id
        self.client = client
        self.account = account
        self.scope = scope
        self.resources = resources
        self.secretHash = secretHash
        self.refreshKey = refreshKey
        self.keyBinding = keyBinding
        self.epochs = epochs
        self.madeAt = madeAt
        self.absoluteEnd = absoluteEnd
        self.authentication = authentication
        self.origin = origin
        self.signIn = signIn
        self.claims = claims
    }

    /// Whether the two say the same.
    package static func == (one: AuthorizedFamily, other: AuthorizedFamily) -> Bool {
        one === other
            || one.id == other.id && one.client == other.client && one.account == other.account
                && one.scope == other.scope && one.resources == other.resources
                && one.secretHash == other.secretHash && one.refreshKey == other.refreshKey
                && one.keyBinding == other.keyBinding && one.epochs == other.epochs
                && one.madeAt == other.madeAt && one.absoluteEnd == other.absoluteEnd
                && one.authentication == other.authentication && one.origin == other.origin
                && one.signIn == other.signIn && one.claims == other.claims
    }
}

/// The browser's sign-in that a family was authorized from.
package struct FamilySignIn: Sendable, Equatable {
    package let id: SignInID
    /// Whether the family is over when the person signs out of that browser: without
    /// `offline_access` (OIDC Core §11).
    package let endsWithIt: Bool

    package init(id: SignInID, endsWithIt: Bool) {
        self.id = id
        self.endsWithIt = endsWithIt
    }
}

/// How and when the user signed in (OIDC Core §2: `auth_time`, `acr`, `amr`).
package struct Authentication: Sendable, Equatable {
    package let time: Instant
    package let contextClass: String?
    package let methods: [String]

    package init(time: Instant, contextClass: String?, methods: [String]) {
        self.time = time
        self.contextClass = contextClass
        self.methods = methods
    }
}

extension Authentication {
    /// Somebody gave the account's password.
    package static func password(at time: Instant) -> Authentication {
        Authentication(
            time: time,
            contextClass: AuthenticationName.passwordContextClass,
            methods: [AuthenticationName.password]
        )
    }
}

/// Where a request came from, as a person would recognise it in the list of their sessions.
package struct Origin: Sendable, Equatable {
    /// In bytes of UTF-8. Longer user agents are cut: they are shown, never matched.
    package static let maximumUserAgent = 256

    package let address: String
    package let userAgent: String

    package init(address: String, userAgent: String) {
        self.address = address
        self.userAgent = Self.cut(userAgent)
    }

    /// Cut by bytes, for one character may be made of any number of them.
    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maximumUserAgent else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: maximumUserAgent)
        while end.samePosition(in: text.unicodeScalars) == nil { text.utf8.formIndex(before: &end) }
        return String(text.unicodeScalars[..<end])
    }
}

/// Where a family stands: the narrow record that a rotation overwrites.
package struct FamilyState: Sendable, Equatable {
    /// The generation of the newest refresh token.
    package var generation: Generation
    /// When that generation came to be, or was last used if the policy is static; the idle
    /// lifetime counts from here.
    package var lastRotation: Instant
    /// Why and when it ended by a decision about this family alone; lifetimes and standing are
    /// not written here.
    package var ended: Ended?
    package var marks: Marks

    package init(
        generation: Generation,
        lastRotation: Instant,
        ended: Ended? = nil,
        marks: Marks = Marks()
    ) {
        self.generation = generation
        self.lastRotation = lastRotation
        self.ended = ended
        self.marks = marks
    }

    /// What is remembered of a family's past, in constant space, to tell one kind of reuse from
    /// another and to write each event once.
    package struct Marks: Sendable, Equatable {
        /// The newest token was handed out more than once.
        package var repeated = false
        /// How many generations in a row were handed out more than once; stays at its maximum.
        package var consecutiveRepeats: UInt16 = 0
        /// A use from another address than the login's is in the history already.
        package var addressNoted = false
        /// The newest token was used and stayed the newest, as the policy was static: from then on
        /// the one before it is an earlier one like any other, whatever the overlap.
        package var usedInPlace = false

        package init() {}

        /// The marks as one integer, for a store.
        package var packed: Int64 {
            (repeated ? 1 : 0) | (addressNoted ? 2 : 0) | Int64(consecutiveRepeats) << 2
                | (usedInPlace ? 1 << 18 : 0)
        }

        /// The marks that ``packed`` made of them.
        package init(packed: Int64) {
            repeated = packed & 1 != 0
            addressNoted = packed & 2 != 0
            consecutiveRepeats = UInt16(truncatingIfNeeded: packed >> 2)
            usedInPlace = packed & 1 << 18 != 0
        }
    }
}

/// That something ended, why, and when if that is known.
package struct Ended: Sendable, Equatable {
    package let reason: EndReason
    package let at: Instant?

    package init(reason: EndReason, at: Instant?) {
        self.reason = reason
        self.at = at
    }
}

/// Why a family, or everything under an epoch, came to its end.
///
/// The raw values are what stores and the JSON output hold: they never change.
package enum EndReason: String, Sendable, Codable, CaseIterable {
    /// A refresh token was used twice (RFC 9700 §4.14.2).
    case reuse
    /// The client revoked one of its tokens (RFC 7009).
    case revokedByClient = "revoked_by_client"
    /// The operator ended the session.
    case revokedByOperator = "revoked_by_operator"
    /// The person ended it on their account page.
    case revokedByUser = "revoked_by_user"
    /// The account had more live sessions on the client than the policy allows.
    case replaced
    /// The last possible generation was used.
    case exhausted
    /// Nobody used it for the idle lifetime.
    case idle
    /// Its absolute lifetime is over.
    case expired
    /// The account was disabled.
    case accountDisabled = "account_disabled"
    /// The account was deleted.
    case accountDeleted = "account_deleted"
    /// The account's password was changed.
    case passwordChanged = "password_changed"
    /// All sessions of the account were ended at once.
    case signedOutEverywhere = "signed_out_everywhere"
    /// The person signed out of the browser that it was authorized from.
    case signedOut = "signed_out"
    /// All sessions of the client were ended at once.
    case clientRevoked = "client_revoked"
    /// The client was deleted.
    case clientDeleted = "client_deleted"
    /// The user withdrew the consent.
    case consentWithdrawn = "consent_withdrawn"
    /// The authorization or device code that it was made from was used twice (RFC 6749 §4.1.2).
    case codeReuse = "code_reuse"
    /// The key that its tokens are tagged with was dropped as compromised.
    case keyCompromised = "key_compromised"
    /// The store was recovered from a copy, which does not know what happened to it since.
    case restored

    /// What a person is told, as the end of the sentence "This session ended because …".
    package var explanation: String {
        switch self {
        case .reuse: "a refresh token of it was used twice"
        case .revokedByClient: "the client revoked it"
        case .revokedByOperator: "the operator ended it"
        case .revokedByUser: "the user ended it"
        case .replaced: "a newer session took its place (max_sessions)"
        case .exhausted: "its last generation was used"
        case .idle: "it was not used for its idle lifetime"
        case .expired: "its absolute lifetime is over"
        case .accountDisabled: "the account was disabled"
        case .accountDeleted: "the account was deleted"
        case .passwordChanged: "the account's password was changed"
        case .signedOutEverywhere: "all sessions of the account were ended"
        case .signedOut: "the user signed out of the browser"
        case .clientRevoked: "all sessions of the client were ended"
        case .clientDeleted: "the client was deleted"
        case .consentWithdrawn: "the consent was withdrawn"
        case .codeReuse: "the code that it was made from was used twice"
        case .keyCompromised: "the key behind its tokens was dropped as compromised"
        case .restored: "the server was restored from a backup"
        }
    }
}

extension TokenFamily {
    /// Whether this one goes first when the least recently used must make room; of two used at the
    /// same instant the older.
    package func leastRecentlyUsed(before other: TokenFamily) -> Bool {
        (state.lastRotation, authorized.id) < (other.state.lastRotation, other.authorized.id)
    }
}
