package import MartletProtocol

/// An API that access tokens can be made for: its audience and its scopes (RFC 8707).
package struct Resource: Sendable, Equatable {
    package let id: ResourceID
    /// The scopes that the API defines; others are dropped from its tokens.
    package var scope: Scope
    /// What its access tokens are signed with.
    package var signingAlgorithm: SignatureAlgorithm
    /// Shorter lifetimes that the API demands of sessions; a session beyond them is refused a
    /// token for this API and lives on.
    package var idleLifetime: Duration?
    package var absoluteLifetime: Duration?
    /// What the API signs in with at the introspection endpoint (RFC 7662 §2.1).
    package let introspectionID: ClientID
    package var secret: ClientSecretHash
    package var managedBy: ManagedBy

    package init(
        id: ResourceID,
        scope: Scope,
        signingAlgorithm: SignatureAlgorithm,
        idleLifetime: Duration?,
        absoluteLifetime: Duration?,
        introspectionID: ClientID,
        secret: ClientSecretHash,
        managedBy: ManagedBy
    ) {
        self.id = id
        self.scope = scope
        self.signingAlgorithm = signingAlgorithm
        self.idleLifetime = idleLifetime
        self.absoluteLifetime = absoluteLifetime
        self.introspectionID = introspectionID
        self.secret = secret
        self.managedBy = managedBy
    }

    /// Whether this may name an API: an absolute URI without fragment (RFC 8707 §2), in ASCII.
    package static func isValidIdentifier(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].utf8.first, text.utf8.count <= 512,
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= first | 0x20,
            !parts[1].isEmpty
        else { return false }
        let scheme = parts[0].utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(byte)
        }
        let refused = Array("#\"<>\\^`{|} ".utf8)
        return scheme
            && parts[1].utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !refused.contains($0) }
    }
}

extension Resource: Record {
    package static let kind = RecordKind.resource

    package var recordID: String { id.rawValue }
    package var recordName: String? { introspectionID.rawValue }
    package var recordOwner: String? { managedBy.recordOwner }

    package var body: JSONValue {
        [
            "scope": .string(scope.description),
            "signing_algorithm": .string(signingAlgorithm.rawValue),
            "idle_lifetime": idleLifetime.map { .integer($0.wholeSeconds) } ?? .null,
            "absolute_lifetime": absoluteLifetime.map { .integer($0.wholeSeconds) } ?? .null,
            "introspection_id": .string(introspectionID.rawValue),
            "secret": secret.body,
            "managed_by": .string(managedBy.rawValue),
        ]
    }

    package init(recordID: String, body: RecordBody) throws(StorageError) {
        id = ResourceID(rawValue: recordID)
        guard let scope = Scope(try body.string("scope")) else {
            throw .corrupt("resource \(recordID) has no valid scope")
        }
        self.scope = scope
        signingAlgorithm = try body.choice("signing_algorithm", as: SignatureAlgorithm.self)
        idleLifetime = body.value("idle_lifetime")?.integer.map { .seconds($0) }
        absoluteLifetime = body.value("absolute_lifetime")?.integer.map { .seconds($0) }
        introspectionID = ClientID(rawValue: try body.string("introspection_id"))
        secret = try ClientSecretHash(body: try body.required("secret"))
        managedBy = try body.choice("managed_by", as: ManagedBy.self)
    }
}
