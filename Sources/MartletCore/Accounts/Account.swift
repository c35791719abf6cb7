package import MartletProtocol

/// A person who can sign in (the resource owner of RFC 6749 §1.1).
package struct Account: Sendable, Equatable {
    package static let maximumUsername = 200
    /// Bytes of the shortest password that anybody may choose (NIST SP 800-63B §5.1.1.1). Passwords
    /// that were imported, or stand in the configuration file, may be what they are.
    package static let minimumNewPassword = 8
    package static let maximumEmail = 254

    /// The `sub` of tokens: random, and never the user name, which may change hands.
    package let id: AccountID
    package var username: String
    package var email: String?
    /// What else is told of the person, by the claims' names (``AccountProfile``).
    package var profile: JSONObject
    package var password: PasswordHash
    package var disabledAt: Instant?
    package let createdAt: Instant
    /// When name, e-mail address or profile last changed: the claim `updated_at`. Accounts that
    /// were made before this was kept have none.
    package var updatedAt: Instant?
    package var managedBy: ManagedBy

    package init(
        id: AccountID,
        username: String,
        email: String?,
        profile: JSONObject = JSONObject(),
        password: PasswordHash,
        disabledAt: Instant?,
        createdAt: Instant,
        updatedAt: Instant? = nil,
        managedBy: ManagedBy
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.profile = profile
        self.password = password
        self.disabledAt = disabledAt
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.managedBy = managedBy
    }

    /// What a user name is found by: its letters' case makes no difference.
    package static func signInName(_ username: String) -> String { username.lowercased() }

    /// Whether this may be a user name: not empty, not too long, no control characters and no
    /// space at either end.
    package static func isValidUsername(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= maximumUsername
            && name.unicodeScalars.allSatisfy { !$0.properties.isControl }
            && name.first?.isWhitespace == false && name.last?.isWhitespace == false
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool { generalCategory == .control }
}

extension Account: Record {
    package static let kind = RecordKind.account

    package var recordID: String { id.rawValue }
    package var recordName: String? { Self.signInName(username) }
    package var recordOwner: String? { managedBy.recordOwner }

    package var body: JSONValue {
        [
            "username": .string(username),
            "email": email.map { .string($0) } ?? .null,
            "profile": .object(profile),
            "password": .string(password.encoded),
            "disabled_at": disabledAt.map { .integer($0.microseconds) } ?? .null,
            "created_at": .integer(createdAt.microseconds),
            "updated_at": updatedAt.map { .integer($0.microseconds) } ?? .null,
            "managed_by": .string(managedBy.rawValue),
        ]
    }

    package init(recordID: String, body: RecordBody) throws(StorageError) {
        id = AccountID(rawValue: recordID)
        username = try body.string("username")
        email = body.value("email")?.string
        profile = body.value("profile")?.object ?? JSONObject()
        password = PasswordHash(encoded: try body.string("password"))
        disabledAt = body.value("disabled_at")?.integer.map(Instant.init(microseconds:))
        createdAt = try body.instant("created_at")
        updatedAt = body.value("updated_at")?.integer.map(Instant.init(microseconds:))
        managedBy = try body.choice("managed_by", as: ManagedBy.self)
    }
}
