import GRDB
import GRDBSQLite
import MartletCore

/// One prepared statement, bound and read by position.
///
/// GRDB opens the connections, pools the readers and keeps the prepared statements; values go
/// straight to SQLite, because on the path of every refresh a boxed argument list and a row looked
/// up by column name cost more than the query itself.
struct SQLStatement {
    private let statement: Statement

    /// A statement that this connection keeps for the next time.
    init(_ database: Database, cached sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
    }

    private var handle: OpaquePointer { statement.sqliteStatement }

    // MARK: Running

    /// Goes to the next row; `false` after the last.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let message = sqlite3_errmsg(sqlite3_db_handle(handle)).map { String(cString: $0) }
            sqlite3_reset(handle)
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }

    /// Ends the statement's hold on the database; what was bound stays until it is bound anew.
    func reset() {
        sqlite3_reset(handle)
    }

    /// Runs a statement that answers with no rows.
    func execute() throws {
        defer { reset() }
        while try step() {}
    }

    /// The first row, if there is one.
    func first<Value>(_ read: (SQLStatement) throws -> Value) throws -> Value? {
        defer { reset() }
        return try step() ? try read(self) : nil
    }

    /// All rows.
    func all<Value>(_ read: (SQLStatement) throws -> Value) throws -> [Value] {
        defer { reset() }
        var values: [Value] = []
        while try step() { values.append(try read(self)) }
        return values
    }

    // MARK: Binding, from 1

    func bind(_ index: Int32, _ value: Int64) {
        sqlite3_bind_int64(handle, index, value)
    }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, _ value: String) {
        // `withCString` always has an address; without one SQLite would bind NULL. The length is
        // given, so a zero byte within the text is kept.
        let count = Int32(value.utf8.count)
        value.withCString { text in
            _ = sqlite3_bind_text(handle, index, text, count, Self.transient)
        }
    }

    func bind(_ index: Int32, _ value: String?) {
        if let value { bind(index, value) } else { sqlite3_bind_null(handle, index) }
    }

    func bind(_ index: Int32, _ value: [UInt8]) {
        guard !value.isEmpty else {
            // An empty array may have no address, and without one SQLite would bind NULL.
            sqlite3_bind_zeroblob(handle, index, 0)
            return
        }
        value.withUnsafeBytes { bytes in
            _ = sqlite3_bind_blob(
                handle,
                index,
                bytes.baseAddress,
                Int32(bytes.count),
                Self.transient
            )
        }
    }

    func bind(_ index: Int32, _ value: [UInt8]?) {
        if let value { bind(index, value) } else { sqlite3_bind_null(handle, index) }
    }

    // MARK: Reading, from 0

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(handle, column) == SQLITE_NULL
    }

    func int64(_ column: Int32) -> Int64 {
        sqlite3_column_int64(handle, column)
    }

    func optionalInt64(_ column: Int32) -> Int64? {
        isNull(column) ? nil : int64(column)
    }

    func text(_ column: Int32) -> String {
        guard let text = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? {
        isNull(column) ? nil : text(column)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, column))
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    func optionalBytes(_ column: Int32) -> [UInt8]? {
        isNull(column) ? nil : bytes(column)
    }

    func instant(_ column: Int32) -> Instant {
        Instant(microseconds: int64(column))
    }

    func optionalInstant(_ column: Int32) -> Instant? {
        optionalInt64(column).map(Instant.init(microseconds:))
    }
}

extension SQLStatement {
    /// `SQLITE_TRANSIENT`, a C macro that Swift does not import: SQLite copies the bytes.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
