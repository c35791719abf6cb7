/// What an account allowed a client: one record for each pair that has a family, whether a person
/// was asked or the client may skip asking.
package struct Consent: Sendable, Equatable, Codable {
    package let account: AccountID
    package let client: ClientID
    /// The scope tokens that were allowed so far.
    package var scope: [String]

    package init(account: AccountID, client: ClientID, scope: [String]) {
        self.account = account
        self.client = client
        self.scope = scope
    }

    /// The id of its record. Account ids are made by Martlet and have no space in them.
    package static func recordID(account: AccountID, client: ClientID) -> String {
        "\(account.rawValue) \(client.rawValue)"
    }
}
