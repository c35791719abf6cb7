import MartletProtocol

/// The origins of single-page clients: the pages whose scripts may read answers.
///
/// A single-page client is one that has no secret and that the browser comes back to by the web:
/// its code runs in pages of its redirect URIs' origins.
package struct SinglePageOrigins: Sendable {
    /// Clients that are looked through at each revision: a tenth of a second's work. The origins of
    /// those beyond are not known.
    static let maximumClients = 10_000

    /// As bytes: text would compare characters that merely mean the same.
    private let origins: Set<[UInt8]>

    init(of clients: [Client]) {
        origins = Set(clients.flatMap(\.singlePageOrigins).map { Array($0.utf8) })
    }

    package func contains(_ origin: String) -> Bool { origins.contains(Array(origin.utf8)) }

    /// Reads the clients as of one revision.
    ///
    /// - Throws: ``Directory/Overtaken`` if the store has moved on.
    static func load(
        from storage: any Storage,
        at revision: Revision
    ) async throws -> SinglePageOrigins {
        var clients: [Client] = []
        var cursor: String?
        while clients.count < maximumClients {
            let page = try await storage.list(
                .client,
                owner: nil,
                after: cursor,
                limit: RecordPage.size
            )
            guard page.revision == revision else { throw Directory.Overtaken() }
            for record in page.records { clients.append(try Stored<Client>(record).value) }
            cursor = page.records.last?.id
            if page.records.count < RecordPage.size { break }
        }
        return SinglePageOrigins(of: clients)
    }
}

extension Client {
    /// Where its pages come from; empty if it is no single-page client.
    fileprivate var singlePageOrigins: [String] {
        guard metadata.authenticationMethod == .none, metadata.applicationType == .web else {
            return []
        }
        return metadata.redirectURIs.compactMap(\.origin)
    }
}

extension AuthorizationServer {
    /// Whether some single-page client is registered with pages of this origin, as of now.
    package func hasSinglePageClient(at origin: String) async throws -> Bool {
        try await directory.consultCurrent { snapshot in
            try await snapshot.singlePageOrigins().contains(origin)
        }
    }
}
