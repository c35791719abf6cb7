package import MartletProtocol

/// What an account allowed a client: one record for each pair that has a family, whether a person
/// was asked or the client may skip asking.
package struct Consent: Sendable, Equatable {
    package let account: AccountID
    package let client: ClientID
    package var scope: Scope

    package init(account: AccountID, client: ClientID, scope: Scope) {
        self.account = account
        self.client = client
        self.scope = scope
    }

    /// The id of its record. Account ids are made by Martlet and have no space in them.
    package static func recordID(account: AccountID, client: ClientID) -> String {
        "\(account.rawValue) \(client.rawValue)"
    }
}

extension Consent: Record {
    package static let kind = RecordKind.consent

    package var recordID: String { Self.recordID(account: account, client: client) }
    package var recordOwner: String? { account.rawValue }

    package var body: JSONValue {
        [
            "account": .string(account.rawValue), "client": .string(client.rawValue),
            "scope": .string(scope.description),
        ]
    }

    package init(recordID: String, body: RecordBody) throws(StorageError) {
        account = AccountID(rawValue: try body.string("account"))
        client = ClientID(rawValue: try body.string("client"))
        guard let scope = Scope(try body.string("scope")) else {
            throw .corrupt("consent \(recordID) has no valid scope")
        }
        self.scope = scope
    }
}
