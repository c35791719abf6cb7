/// Puts a store that was taken out of service back into it: what `martlet recover` does.
///
/// Everything is written while the store is still out of service, and the last write puts it back:
/// a recovery that was cut off is begun again and has done no harm.
package struct StoreRecovery: Sendable {
    /// What becomes of the sessions that the store holds.
    package enum Sessions: Sendable, Equatable {
        /// All end: nothing that was handed out before works any more.
        case end
        /// They go on once they are confirmed within this time; see ``Restoration``.
        case acceptAhead(Duration, from: Restoration.Holders)
    }

    package struct Outcome: Sendable, Equatable {
        /// What the store was until now.
        package let before: StoreCondition
        /// Accounts and clients that have a new epoch.
        package var epochs = 0
        /// Codes, browsers' sign-ins and device approvals that were taken away.
        package var dropped = 0
        package let restoration: Restoration?
    }

    package let storage: any Storage
    package let surroundings: Surroundings

    package init(storage: any Storage, surroundings: Surroundings) {
        self.storage = storage
        self.surroundings = surroundings
    }

    package func run(_ sessions: Sessions) async throws -> Outcome {
        let before = try await storage.status().condition
        let known = try lastKnown(before)
        switch sessions {
        case .end:
            var outcome = Outcome(before: before, restoration: nil)
            outcome.epochs = try await replaceEpochs()
            try await putInService(nil, from: before, .endSessions)
            return outcome
        case .acceptAhead(let duration, let holders):
            let since = max(surroundings.now(), known)
            let restoration = Restoration(
                since: since,
                until: since + min(duration, Restoration.maximumDuration),
                holders: holders
            )
            var outcome = Outcome(before: before, restoration: restoration)
            outcome.dropped = try await dropWhatIsUnderWay()
            try await putInService(
                restoration,
                from: before,
                holders == .everybody ? .acceptAheadFromEverybody : .acceptAhead
            )
            return outcome
        }
    }

    /// The latest time by the clock of whoever took the store out of service.
    private func lastKnown(_ condition: StoreCondition) throws(AdministrationError) -> Instant {
        switch condition {
        case .copy(let madeAt): return madeAt
        case .sealed(let instant, _, _): return instant
        case .inService:
            throw AdministrationError("The store is in service: there is nothing to recover.")
        case .receiving:
            throw AdministrationError(
                "The store is not whole: a move to it was cut off. Run the same martlet move "
                    + "again from its source."
            )
        }
    }

    private func putInService(
        _ restoration: Restoration?,
        from before: StoreCondition,
        _ how: Recovery
    ) async throws(StorageError) {
        try await storage.setCondition(
            .inService(restoration),
            expecting: before,
            events: [.storeRecovered(how)]
        )
    }

    /// Every family, code, approval and sign-in hangs on an account or a client, so that all of
    /// them are over. Consents have epochs too, but nothing hangs on a consent alone.
    private func replaceEpochs() async throws(StorageError) -> Int {
        var count = 0
        try await everyPage(of: .records) { rows throws(StorageError) in
            let renewed = rows.compactMap { row -> StoredRow? in
                guard case .record(let record) = row, record.epoch != nil,
                    record.kind != .consent
                else { return nil }
                return .record(
                    StoredRecord(
                        kind: record.kind,
                        id: record.id,
                        name: record.name,
                        owner: record.owner,
                        version: record.version + 1,
                        epoch: Epoch(
                            value: surroundings.random63(),
                            changedAt: surroundings.now(),
                            reason: .restored
                        ),
                        body: record.body
                    )
                )
            }
            count += renewed.count
            try await storage.write(renewed, removing: [])
        }
        return count
    }

    /// A code that was used, or a browser that was signed out, since the copy was made would be
    /// good again. Only what was denied stays denied.
    private func dropWhatIsUnderWay() async throws(StorageError) -> Int {
        var count = 0
        try await everyPage(of: .oneTime) { rows throws(StorageError) in
            let over = rows.compactMap { row -> StoredKey? in
                guard case .oneTime(let entry) = row else { return nil }
                switch entry.key.kind {
                case .deniedAccessToken: return nil
                case .authorizationCode, .signIn, .deviceCode, .userCode: return row.key
                }
            }
            count += over.count
            try await storage.write([], removing: over)
        }
        return count
    }

    private func everyPage(
        of table: StoredTable,
        _ body: ([StoredRow]) async throws(StorageError) -> Void
    ) async throws(StorageError) {
        let reader = try await storage.reader()
        do throws(StorageError) {
            var last: StoredKey?
            while true {
                let page = try await reader.rows(
                    of: table,
                    after: last,
                    through: nil,
                    limit: StoredPage.limit
                )
                try await body(page)
                last = page.last?.key
                if page.count < StoredPage.limit { break }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
    }
}
