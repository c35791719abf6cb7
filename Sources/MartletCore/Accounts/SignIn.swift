import Crypto
package import MartletProtocol

/// A browser that somebody signed in with: the session behind the cookie.
///
/// It is remembered until a day after its absolute end, so that the families that end with it can
/// ask whether it is there and never mistake its age for a sign-out. Its times are judged here.
package struct SignIn: Sendable, Equatable {
    /// How long the entry outlives the sign-in.
    static let rememberedAfterEnd: Duration = .days(1)
    /// A sign-in is written again at most this often when it is used.
    static let noticedEvery: Duration = .minutes(1)
    static let idLength = 16
    static let secretLength = 32

    package let id: SignInID
    package let account: AccountID
    /// What the account stood at when the person signed in.
    package let accountEpoch: Int64
    package let authentication: Authentication
    package let startedAt: Instant
    package let lastSeen: Instant
    package let absoluteEnd: Instant
    package let origin: Origin
    /// SHA-256 of the cookie's secret.
    let secretHash: [UInt8]

    package init(
        id: SignInID,
        account: AccountID,
        accountEpoch: Int64,
        authentication: Authentication,
        startedAt: Instant,
        lastSeen: Instant,
        absoluteEnd: Instant,
        origin: Origin,
        secretHash: [UInt8]
    ) {
        self.id = id
        self.account = account
        self.accountEpoch = accountEpoch
        self.authentication = authentication
        self.startedAt = startedAt
        self.lastSeen = lastSeen
        self.absoluteEnd = absoluteEnd
        self.origin = origin
        self.secretHash = secretHash
    }

    /// Whether it is over by its age or because nobody used it.
    package func isOver(idleAfter idle: Duration, at now: Instant) -> Bool {
        now >= absoluteEnd || now - lastSeen >= idle
    }

    /// The same, used now.
    func seen(at now: Instant) -> SignIn {
        SignIn(
            id: id,
            account: account,
            accountEpoch: accountEpoch,
            authentication: authentication,
            startedAt: startedAt,
            lastSeen: max(now, lastSeen),
            absoluteEnd: absoluteEnd,
            origin: origin,
            secretHash: secretHash
        )
    }
}

/// What a browser's cookie holds: which sign-in, and the secret that proves it.
package struct SignInCookie: Sendable, Equatable {
    package let id: SignInID
    package let secret: Secret

    package init(id: SignInID, secret: Secret) {
        self.id = id
        self.secret = secret
    }

    /// Reads a cookie's value; `nil` if it is none of ours.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let id = String(parts[0]), let secret = String(parts[1]),
            Base64URL.decode(id)?.count == SignIn.idLength,
            let bytes = Base64URL.decode(secret), bytes.count == SignIn.secretLength
        else { return nil }
        self.init(id: SignInID(rawValue: id), secret: Secret(bytes))
    }

    /// The cookie's value.
    package var text: String { "\(id.rawValue).\(Base64URL.encode(secret.bytes))" }

    var secretHash: [UInt8] { Array(SHA256.hash(data: secret.bytes)) }
}

extension SignInID {
    /// Its name at one client, the `sid` of ID and logout tokens: another one at each client, so
    /// that two clients cannot tell that they see the same browser.
    package func sid(at client: ClientID) -> String {
        var hash = SHA256()
        hash.update(data: Array("martlet sid \(rawValue) ".utf8))
        hash.update(data: Array(client.rawValue.utf8))
        return Base64URL.encode(Array(hash.finalize().prefix(SignIn.idLength)))
    }
}

extension SignIn {
    package static func key(_ id: SignInID) -> OneTimeKey { OneTimeKey(.signIn, id.rawValue) }

    var entry: OneTimeEntry {
        let body: JSONValue = [
            "account": .string(account.rawValue),
            "account_epoch": .integer(accountEpoch),
            "authentication": authentication.body,
            "started_at": .integer(startedAt.microseconds),
            "last_seen": .integer(lastSeen.microseconds),
            "absolute_end": .integer(absoluteEnd.microseconds),
            "origin": origin.body,
            "secret_hash": .string(Base64URL.encode(secretHash)),
        ]
        return OneTimeEntry(
            key: Self.key(id),
            expiresAt: absoluteEnd + Self.rememberedAfterEnd,
            body: body.encoded()
        )
    }

    package init(_ entry: OneTimeEntry) throws(StorageError) {
        let body = try RecordBody(entry)
        self.init(
            id: SignInID(rawValue: entry.key.id),
            account: AccountID(rawValue: try body.string("account")),
            accountEpoch: try body.integer("account_epoch"),
            authentication: try body.authentication("authentication"),
            startedAt: try body.instant("started_at"),
            lastSeen: try body.instant("last_seen"),
            absoluteEnd: try body.instant("absolute_end"),
            origin: try body.origin("origin"),
            secretHash: try body.bytes("secret_hash")
        )
    }
}
