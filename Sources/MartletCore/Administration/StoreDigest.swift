import Crypto
import MartletProtocol

/// What a store holds, in a number and a hash for each table: two stores with the same digest hold
/// the same rows.
package struct StoreDigest: Sendable, Equatable {
    package struct Table: Sendable, Equatable {
        package let count: Int
        /// SHA-256 over all rows in the order of their keys.
        package let hash: [UInt8]
    }

    package let tables: [StoredTable: Table]

    /// Reads everything, as of one moment.
    package static func read(_ storage: any Storage) async throws(StorageError) -> StoreDigest {
        let reader = try await storage.reader()
        do throws(StorageError) {
            var tables: [StoredTable: Table] = [:]
            for table in StoredTable.allCases { tables[table] = try await read(table, reader) }
            await reader.close()
            return StoreDigest(tables: tables)
        } catch {
            await reader.close()
            throw error
        }
    }

    private static func read(
        _ table: StoredTable,
        _ reader: any StoreReader
    ) async throws(StorageError) -> Table {
        var hash = SHA256()
        var count = 0
        var last: StoredKey?
        while true {
            let page = try await reader.rows(
                of: table,
                after: last,
                through: nil,
                limit: StoredPage.limit
            )
            for row in page {
                var bytes = RowBytes()
                bytes.add(row)
                hash.update(data: bytes.bytes)
            }
            count += page.count
            last = page.last?.key
            if page.count < StoredPage.limit { break }
        }
        return Table(count: count, hash: Array(hash.finalize()))
    }
}

/// A row as bytes that no other row has: each field with its length before it.
private struct RowBytes {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ row: StoredRow) {
        switch row {
        case .record(let record): add(record)
        case .oneTime(let entry):
            add(entry.key.kind.rawValue)
            add(entry.key.id)
            add(entry.expiresAt)
            add(entry.body)
        case .family(let family):
            add(family.authorized)
            add(family.state)
        case .event(let entry): add(entry)
        }
    }

    private mutating func add(_ record: StoredRecord) {
        add(record.kind.rawValue)
        add(record.id)
        add(record.name)
        add(record.owner)
        add(record.version)
        add(record.epoch?.value)
        add(record.epoch?.changedAt)
        add(record.epoch?.reason?.rawValue)
        add(record.body)
    }

    private mutating func add(_ family: AuthorizedFamily) {
        add(family.id.value)
        add(family.client.rawValue)
        add(family.account.rawValue)
        add(family.scope.description)
        add(Int64(family.resources.count))
        for resource in family.resources { add(resource.rawValue) }
        add(family.secretHash)
        add(Int64(family.refreshKey.value))
        add(family.keyBinding)
        add(family.epochs.account)
        add(family.epochs.client)
        add(family.epochs.consent)
        add(family.madeAt)
        add(family.absoluteEnd)
        add(family.authentication.time)
        add(family.authentication.contextClass)
        add(Int64(family.authentication.methods.count))
        for method in family.authentication.methods { add(method) }
        add(family.origin.address)
        add(family.origin.userAgent)
        add(family.signIn?.id.rawValue)
        add(family.signIn?.endsWithIt == true ? 1 : Int64(0))
        add(family.claims?.json.encoded())
    }

    private mutating func add(_ state: FamilyState) {
        add(Int64(state.generation.value))
        add(state.lastRotation)
        add(state.ended?.reason.rawValue)
        add(state.ended?.at)
        add(state.marks.packed)
    }

    private mutating func add(_ entry: StoredEntry) {
        add(entry.number)
        add(entry.at)
        add(entry.event.name)
        add(entry.event.family?.value)
        add(entry.event.account?.rawValue)
        add(entry.event.client?.rawValue)
        add(Int64(entry.event.particulars.count))
        for (name, value) in entry.event.particulars.sorted(by: { $0.key < $1.key }) {
            add(name)
            add(value)
        }
    }

    // MARK: Fields

    private mutating func add(_ value: [UInt8]?) {
        guard let value else {
            bytes.append(0)
            return
        }
        bytes.append(1)
        withUnsafeBytes(of: UInt32(value.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: value)
    }

    private mutating func add(_ value: String?) { add(value.map { Array($0.utf8) }) }

    private mutating func add(_ value: Instant?) { add(value?.microseconds) }

    private mutating func add(_ value: Int64?) {
        guard let value else {
            bytes.append(0)
            return
        }
        bytes.append(1)
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
