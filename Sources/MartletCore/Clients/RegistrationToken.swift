package import MartletProtocol

/// Names an initial access token in lists and in the history; gives no power over it.
package struct RegistrationTokenID: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}

/// An initial access token: the operator's leave to register some clients (RFC 7591 §3).
///
///     "mri_" + id (16 characters of base64url) + secret (43 characters of base64url)
///
/// What is stored is the id and a keyed hash of the whole. Its uses are counted in the same save
/// that makes a client, so that no two registrations share one.
package struct RegistrationToken: Sendable, Equatable {
    package static let prefix = "mri_"
    private static let idBytes = 12
    private static let secretBytes = 32

    /// A token that is good for more is no secret of somebody's any more.
    package static let uses: ClosedRange<Int64> = 1...10_000
    /// Leave that was given longer ago is forgotten leave.
    package static let maximumLifetime: Duration = .days(366)

    package let id: RegistrationTokenID
    package let hash: ClientSecretHash
    package let createdAt: Instant
    package let expiresAt: Instant
    /// How many clients it may register in all.
    package let uses: Int64
    /// How many it has registered.
    package var used: Int64

    /// Whether it admits another client.
    package func isGood(at now: Instant) -> Bool { now < expiresAt && used < uses }

    package init(
        id: RegistrationTokenID,
        hash: ClientSecretHash,
        createdAt: Instant,
        expiresAt: Instant,
        uses: Int64,
        used: Int64 = 0
    ) {
        self.id = id
        self.hash = hash
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.uses = uses
        self.used = used
    }

    /// A new token's id, and the token.
    static func make(in surroundings: Surroundings) -> (RegistrationTokenID, Secret) {
        var idBytes = surroundings.randomBytes(idBytes)
        // The first character is a letter then: people type ids, and "-x" would be an option.
        idBytes[0] &= 0x7F
        let id = Base64URL.encode(idBytes)
        let secret = Base64URL.encode(surroundings.randomBytes(secretBytes))
        return (RegistrationTokenID(rawValue: id), Secret(prefix + id + secret))
    }

    /// The id in a token's text; `nil` if it is no such token.
    static func id(in text: String) -> RegistrationTokenID? {
        let bytes = text.utf8
        guard bytes.starts(with: prefix.utf8) else { return nil }
        let idLength = Base64URL.encodedCount(of: idBytes)
        let rest = bytes.dropFirst(prefix.utf8.count)
        guard rest.count == idLength + Base64URL.encodedCount(of: secretBytes) else { return nil }
        return RegistrationTokenID(rawValue: String(decoding: rest.prefix(idLength), as: UTF8.self))
    }
}

extension RegistrationToken: Record {
    package static let kind = RecordKind.registrationToken

    package var recordID: String { id.rawValue }

    package var body: JSONValue {
        [
            "hash": hash.body,
            "created_at": .integer(createdAt.microseconds),
            "expires_at": .integer(expiresAt.microseconds),
            "uses": .integer(uses),
            "used": .integer(used),
        ]
    }

    package init(recordID: String, body: RecordBody) throws(StorageError) {
        id = RegistrationTokenID(rawValue: recordID)
        hash = try ClientSecretHash(body: try body.required("hash"))
        createdAt = try body.instant("created_at")
        expiresAt = try body.instant("expires_at")
        uses = try body.integer("uses")
        used = try body.integer("used")
    }
}
