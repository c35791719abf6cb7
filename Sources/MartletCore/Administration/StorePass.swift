/// Makes one store hold what another one holds, by one walk through all rows of both.
///
/// It compares and writes only what differs, so that it can be cut off anywhere and begun again,
/// and a second pass writes what has changed since the first.
package struct StorePass: Sendable {
    /// How far it is, for those who wait.
    package struct Progress: Sendable, Equatable {
        package let table: StoredTable
        package let rows: Int
    }

    package struct Outcome: Sendable, Equatable {
        /// Rows of the source.
        package internal(set) var rows = 0
        /// Rows that were written or taken away.
        package internal(set) var changes = 0
    }

    package let source: any Storage
    package let target: any Storage
    package let progress: @Sendable (Progress) -> Void

    package init(
        from source: any Storage,
        to target: any Storage,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) {
        self.source = source
        self.target = target
        self.progress = progress
    }

    /// The target holds what the source held at one moment of this call, if it held nothing else
    /// to begin with or a part of it.
    package func run() async throws(StorageError) -> Outcome {
        let from = try await source.reader()
        do throws(StorageError) {
            let to = try await target.reader()
            do throws(StorageError) {
                let outcome = try await walk(from, to)
                await to.close()
                await from.close()
                return outcome
            } catch {
                await to.close()
                throw error
            }
        } catch {
            await from.close()
            throw error
        }
    }

    private func walk(
        _ from: any StoreReader,
        _ to: any StoreReader
    ) async throws(StorageError) -> Outcome {
        var outcome = Outcome()
        for table in StoredTable.allCases {
            var last: StoredKey?
            var count = 0
            while true {
                let page = try await from.rows(
                    of: table,
                    after: last,
                    through: nil,
                    limit: StoredPage.limit
                )
                let end = page.count < StoredPage.limit ? nil : page.last?.key
                outcome.changes += try await bring(page, from: last, through: end, table, to)
                count += page.count
                progress(Progress(table: table, rows: count))
                guard let end else { break }
                last = end
            }
            outcome.rows += count
        }
        return outcome
    }

    /// Makes a range of the target's keys hold these rows and no others.
    private func bring(
        _ page: [StoredRow],
        from first: StoredKey?,
        through end: StoredKey?,
        _ table: StoredTable,
        _ to: any StoreReader
    ) async throws(StorageError) -> Int {
        var missing = Dictionary(page.map { ($0.key, $0) }) { $1 }
        var changes = 0
        var last = first
        while true {
            let there = try await to.rows(
                of: table,
                after: last,
                through: end,
                limit: StoredPage.limit
            )
            var surplus: [StoredKey] = []
            for row in there {
                switch missing[row.key] {
                case nil: surplus.append(row.key)
                case row?: missing[row.key] = nil
                case _?: break
                }
            }
            if !surplus.isEmpty { try await target.write([], removing: surplus) }
            changes += surplus.count
            last = there.last?.key
            if there.count < StoredPage.limit { break }
        }
        if !missing.isEmpty {
            try await target.write(
                missing.values.sorted { $0.key < $1.key },
                removing: []
            )
        }
        return changes + missing.count
    }
}
