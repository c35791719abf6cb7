import CPostgreSQL
import MartletCore

/// What a statement answered, in the binary form. It stays on the thread of its connection.
final class Rows {
    private let result: OpaquePointer
    let count: Int

    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
    }

    deinit { PQclear(result) }

    var first: Row? { count > 0 ? self[0] : nil }

    subscript(index: Int) -> Row { Row(rows: self, index: Int32(index)) }

    func map<Value>(_ read: (Row) throws -> Value) rethrows -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(try read(self[index])) }
        return values
    }

    fileprivate func isNull(_ row: Int32, _ column: Int32) -> Bool {
        PQgetisnull(result, row, column) != 0
    }

    fileprivate func bytes(_ row: Int32, _ column: Int32) -> UnsafeBufferPointer<UInt8> {
        let start = UnsafeRawPointer(PQgetvalue(result, row, column))?
            .assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
    }
}

/// One row of an answer.
struct Row {
    fileprivate let rows: Rows
    fileprivate let index: Int32

    func isNull(_ column: Int32) -> Bool { rows.isNull(index, column) }

    /// An integer of any width, or a truth value as 0 or 1.
    func integer(_ column: Int32) -> Int64 {
        let bytes = rows.bytes(index, column)
        guard let first = bytes.first else { return 0 }
        var value: Int64 = bytes.count > 1 && first & 0x80 != 0 ? -1 : 0
        for byte in bytes { value = value << 8 | Int64(byte) }
        return value
    }

    func optionalInteger(_ column: Int32) -> Int64? {
        isNull(column) ? nil : integer(column)
    }

    func instant(_ column: Int32) -> Instant { Instant(microseconds: integer(column)) }

    func optionalInstant(_ column: Int32) -> Instant? {
        isNull(column) ? nil : instant(column)
    }

    func text(_ column: Int32) -> String { StoredText.unescaped(rows.bytes(index, column)) }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// Text that was stored as it is.
    func plain(_ column: Int32) -> String {
        String(decoding: rows.bytes(index, column), as: UTF8.self)
    }

    func optionalPlain(_ column: Int32) -> String? { isNull(column) ? nil : plain(column) }

    func bytes(_ column: Int32) -> [UInt8] { Array(rows.bytes(index, column)) }

    func optionalBytes(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

    /// The reason of an end; `nil` where there is none.
    func endReason(_ column: Int32) throws(StorageError) -> EndReason? {
        guard let text = optionalPlain(column) else { return nil }
        guard let reason = EndReason(rawValue: text) else {
            throw .corrupt("\"\(text)\" is no reason for an end")
        }
        return reason
    }

    /// An epoch's three columns; `nil` if the record is missing or has none.
    func epoch(_ first: Int32) throws(StorageError) -> Epoch? {
        guard let value = optionalInteger(first) else { return nil }
        return Epoch(
            value: value,
            changedAt: instant(first + 1),
            reason: try endReason(first + 2)
        )
    }
}
