import MartletProtocol

/// The authorized records of families in use, which never change and so are never wrong.
package final class FamilyCache: Sendable {
    /// About half a kilobyte each: 32 MiB for as many families in use.
    static let capacity = 65_536
    /// Clients of which one record is kept, whose equal parts the others share.
    private static let clients = 1024

    private let storage: any Storage
    private let known = BoundedCache<FamilyID, AuthorizedFamily>(capacity: capacity)
    private let models = BoundedCache<ClientID, AuthorizedFamily>(capacity: clients)

    init(storage: any Storage) {
        self.storage = storage
    }

    /// The record, without suspending if it is known.
    func authorized(_ id: FamilyID) async throws(StorageError) -> AuthorizedFamily? {
        if let family = known[id] { return family }
        guard let family = try await storage.find(id).family?.authorized else { return nil }
        remember(family)
        return family
    }

    /// A client's families mostly have the same scope, APIs and methods of authentication, and all
    /// of them its identifier: most of a record's memory.
    private func remember(_ family: AuthorizedFamily) {
        if let model = models[family.client] {
            known[family.id] = family.sharing(model)
        } else {
            models[family.client] = family
            known[family.id] = family
        }
    }
}

extension AuthorizedFamily {
    /// The same record, byte for byte; what the other has too is kept in memory only once.
    func sharing(_ other: AuthorizedFamily) -> AuthorizedFamily {
        AuthorizedFamily(
            id: id,
            client: client.rawValue.isSameText(as: other.client.rawValue) ? other.client : client,
            account: account,
            scope: scope == other.scope ? other.scope : scope,
            resources: resources.elementsEqual(other.resources) {
                $0.rawValue.isSameText(as: $1.rawValue)
            } ? other.resources : resources,
            secretHash: secretHash,
            refreshKey: refreshKey,
            keyBinding: keyBinding,
            epochs: epochs,
            madeAt: madeAt,
            absoluteEnd: absoluteEnd,
            authentication: Authentication(
                time: authentication.time,
                contextClass: sharedContextClass(with: other),
                methods: authentication.methods.elementsEqual(other.authentication.methods) {
                    $0.isSameText(as: $1)
                } ? other.authentication.methods : authentication.methods
            ),
            origin: origin.userAgent.isSameText(as: other.origin.userAgent)
                ? Origin(address: origin.address, userAgent: other.origin.userAgent) : origin,
            signIn: signIn,
            claims: claims
        )
    }

    private func sharedContextClass(with other: AuthorizedFamily) -> String? {
        guard let own = authentication.contextClass, let shared = other.authentication.contextClass
        else { return authentication.contextClass }
        return own.isSameText(as: shared) ? shared : own
    }
}
