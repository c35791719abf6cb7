package import MartletProtocol

/// An application that asks for tokens (RFC 6749 §2).
package struct Client: Sendable, Equatable {
    package let id: ClientID
    package var metadata: ClientMetadata
    /// `nil` for a public client.
    package var secret: ClientSecretHash?
    package let createdAt: Instant
    package var managedBy: ManagedBy
    /// Of a client that registered itself.
    package var registration: SelfRegistration?

    package init(
        id: ClientID,
        metadata: ClientMetadata,
        secret: ClientSecretHash?,
        createdAt: Instant,
        managedBy: ManagedBy,
        registration: SelfRegistration? = nil
    ) {
        self.id = id
        self.metadata = metadata
        self.secret = secret
        self.createdAt = createdAt
        self.managedBy = managedBy
        self.registration = registration
    }

    /// Whether the client has registered this grant type.
    package func may(_ grant: GrantType) -> Bool { metadata.grantTypes.contains(grant) }
}

extension Client {
    /// Whether it registered itself: nobody here knows it, so people are always asked whether they
    /// want it, and it gets nothing that an operator decides.
    package var isSelfRegistered: Bool { managedBy == .registration }
}

extension Client: Record {
    package static let kind = RecordKind.client

    package var recordID: String { id.rawValue }
    package var recordOwner: String? { registration?.group.rawValue ?? managedBy.recordOwner }

    package var body: JSONValue {
        [
            "metadata": metadata.json,
            "secret": secret?.body ?? .null,
            "created_at": .integer(createdAt.microseconds),
            "managed_by": .string(managedBy.rawValue),
            "registration": registration?.body ?? .null,
        ]
    }

    package init(recordID: String, body: RecordBody) throws(StorageError) {
        id = ClientID(rawValue: recordID)
        let metadata = try body.required("metadata")
        do {
            self.metadata = try ClientMetadata(stored: metadata)
        } catch {
            throw .corrupt("client \(recordID): \(error.sentence)")
        }
        if let secret = body.value("secret") {
            self.secret = try ClientSecretHash(body: secret)
        } else {
            self.secret = nil
        }
        createdAt = try body.instant("created_at")
        managedBy = try body.choice("managed_by", as: ManagedBy.self)
        if let registration = body.value("registration") {
            self.registration = try SelfRegistration(body: registration)
        } else {
            registration = nil
        }
    }
}
