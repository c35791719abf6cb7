import Crypto
import MartletProtocol

/// What an account is called at one client: the `sub` of everything that the client gets to see
/// (OIDC Core §8). ID tokens, UserInfo, access tokens and introspection all take it from here.
package enum SubjectIdentifier {
    /// Public: the account's own id, the same at every client. Pairwise: another one at each site,
    /// from which neither the account nor what it is called elsewhere can be told without `key`.
    static func of(
        _ account: AccountID,
        for client: Client,
        key: AuthenticationKey
    ) -> String {
        switch client.metadata.subjectType {
        case .public:
            return account.rawValue
        case .pairwise:
            return pairwise(account, sector: sector(of: client), key: key)
        }
    }

    /// The site that a client's subjects are for. A client without one shares them with nobody, and
    /// neither does one that registered itself and gets tokens for devices: nothing that comes
    /// back to its redirect URIs proves that it is that site.
    private static func sector(of client: Client) -> String {
        let isUnproven = client.isSelfRegistered && client.may(.deviceCode)
        let site = isUnproven ? nil : client.metadata.sectorIdentifier
        return site ?? client.id.rawValue
    }

    /// The sector goes in with its length, so that no two pairs of sector and account look alike.
    static func pairwise(_ account: AccountID, sector: String, key: AuthenticationKey) -> String {
        let text = "\(sector.utf8.count) \(sector) \(account.rawValue)"
        return Base64URL.encode(key.code(of: Array(text.utf8)))
    }
}

extension KeyRing {
    /// What the account is called at the client.
    package func subject(
        of account: AccountID,
        for client: Client
    ) throws(StorageError) -> String {
        guard let subjectKey else { throw .corrupt("there is no key for subjects") }
        return SubjectIdentifier.of(account, for: client, key: subjectKey)
    }
}
