package import MartletProtocol

/// A value that a ``RecordStore`` keeps: how it is found, and its JSON body.
package protocol Record: Sendable {
    static var kind: RecordKind { get }
    /// The record's id.
    var recordID: String { get }
    /// A second key, unique within the kind.
    var recordName: String? { get }
    /// What a list can be narrowed to.
    var recordOwner: String? { get }
    var body: JSONValue { get }

    /// Reads a body that ``body`` made.
    ///
    /// - Throws: ``StorageError/corrupt(_:)``.
    init(recordID: String, body: RecordBody) throws(StorageError)
}

extension Record {
    package var recordName: String? { nil }
    package var recordOwner: String? { nil }
}

/// A record's value with what the store knows of it.
package struct Stored<Value: Record>: Sendable {
    package let value: Value
    package let version: Int64
    package let epoch: Epoch?

    package init(value: Value, version: Int64, epoch: Epoch?) {
        self.value = value
        self.version = version
        self.epoch = epoch
    }

    init(_ record: StoredRecord) throws(StorageError) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: record.body)
        } catch {
            throw .corrupt("\(record.kind.rawValue) \(record.id): \(error)")
        }
        self.init(
            value: try Value(
                recordID: record.id,
                body: RecordBody(json, of: "\(record.kind) \(record.id)")
            ),
            version: record.version,
            epoch: record.epoch
        )
    }
}

/// Reads the members of a record's body; a missing or mistyped one is a corrupt store.
package struct RecordBody {
    private let json: JSONValue
    private let record: String

    init(_ json: JSONValue, of record: String) {
        self.json = json
        self.record = record
    }

    func missing(_ name: String) -> StorageError {
        .corrupt("\(record) has no valid \(name)")
    }

    func value(_ name: String) -> JSONValue? {
        guard let value = json.object?[name], !value.isNull else { return nil }
        return value
    }

    func required(_ name: String) throws(StorageError) -> JSONValue {
        guard let value = value(name) else { throw missing(name) }
        return value
    }

    func string(_ name: String) throws(StorageError) -> String {
        guard let value = value(name)?.string else { throw missing(name) }
        return value
    }

    /// A member that is an object, to read in turn.
    func object(_ name: String) throws(StorageError) -> RecordBody {
        RecordBody(try required(name), of: "\(record), \(name)")
    }

    func integer(_ name: String) throws(StorageError) -> Int64 {
        guard let value = value(name)?.integer else { throw missing(name) }
        return value
    }

    func instant(_ name: String) throws(StorageError) -> Instant {
        Instant(microseconds: try integer(name))
    }

    func strings(_ name: String) throws(StorageError) -> [String] {
        guard let value = value(name)?.strings else { throw missing(name) }
        return value
    }

    func bytes(_ name: String) throws(StorageError) -> [UInt8] {
        guard let value = value(name)?.string, let bytes = Base64URL.decode(value) else {
            throw missing(name)
        }
        return bytes
    }

    func choice<Choice: RawRepresentable>(
        _ name: String,
        as type: Choice.Type
    ) throws(StorageError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try string(name)) else { throw missing(name) }
        return choice
    }
}

extension RecordStore {
    /// Whether no key was ever put into it: only for such a store may a master key be made.
    package func isEmpty() async throws(StorageError) -> Bool {
        try await list(.key, owner: nil, after: nil, limit: 1).records.isEmpty
    }

    package func find<Value: Record>(
        _ type: Value.Type,
        id: String
    ) async throws(StorageError) -> (Stored<Value>?, Revision) {
        let found = try await find(Value.kind, id: id)
        guard let record = found.record else { return (nil, found.revision) }
        return (try Stored(record), found.revision)
    }

    package func find<Value: Record>(
        _ type: Value.Type,
        name: String
    ) async throws(StorageError) -> Stored<Value>? {
        guard let record = try await find(Value.kind, name: name).record else { return nil }
        return try Stored(record)
    }

    /// All records of a kind, read page by page, and the revision of the last page.
    package func all<Value: Record>(
        _ type: Value.Type,
        owner: String? = nil
    ) async throws(StorageError) -> ([Stored<Value>], Revision) {
        var values: [Stored<Value>] = []
        var cursor: String?
        while true {
            let page = try await list(
                Value.kind,
                owner: owner,
                after: cursor,
                limit: RecordPage.size
            )
            for record in page.records { values.append(try Stored(record)) }
            cursor = page.records.last?.id
            if page.records.count < RecordPage.size { return (values, page.revision) }
        }
    }
}

/// How many records are read at a time, so that no list holds the store for long.
enum RecordPage {
    static let size = 500
}

extension RecordChange {
    /// Writes a value that is new, under a first epoch if families hang on it.
    package static func create(_ value: some Record, epoch: Epoch?) -> RecordChange {
        .put(StoredRecord(value, epoch: epoch), expecting: nil)
    }

    /// Writes a changed value; its epoch stays unless another one is given.
    package static func update<Value: Record>(
        _ stored: Stored<Value>,
        to value: Value,
        epoch: Epoch? = nil
    ) -> RecordChange {
        .put(StoredRecord(value, epoch: epoch ?? stored.epoch), expecting: stored.version)
    }

    package static func delete<Value: Record>(_ stored: Stored<Value>) -> RecordChange {
        .delete(Value.kind, id: stored.value.recordID, expecting: stored.version)
    }
}

extension StoredRecord {
    /// A value as it is handed to a store, which numbers its version.
    package init<Value: Record>(_ value: Value, epoch: Epoch?) {
        self.init(
            kind: Value.kind,
            id: value.recordID,
            name: value.recordName,
            owner: value.recordOwner,
            version: 0,
            epoch: epoch,
            body: value.body.encoded()
        )
    }
}

/// Who a record belongs to: what the configuration file owns, the command line does not change.
package enum ManagedBy: String, Sendable, Equatable {
    case `operator`
    case file
    /// A client that registered itself (RFC 7591) and changes itself (RFC 7592).
    case registration

    /// What the file owns is listed under this owner, so that a start finds it among any number of
    /// other accounts without reading them.
    var recordOwner: String? {
        switch self {
        case .file: rawValue
        case .operator, .registration: nil
        }
    }
}
