/// A statement's text and the name that it is prepared under, once for each connection.
struct Statement: Sendable {
    let name: String
    let text: String

    init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }

    func callAsFunction(_ parameters: Parameter...) -> Query {
        Query(statement: self, parameters: parameters)
    }
}

/// A statement with its parameters.
struct Query: Sendable {
    let statement: Statement
    let parameters: [Parameter]
}

/// A value for a statement, sent in the database's binary form.
enum Parameter: Sendable {
    case integer(Int64?)
    /// Text of any characters, see ``StoredText``.
    case text(String?)
    /// Text that holds no NUL for certain, stored as it is: JSON, and words of our own.
    case plain(String?)
    case bytes([UInt8]?)
    case integers([Int64])
    case optionalIntegers([Int64?])
    case texts([String])
    case optionalTexts([String?])
    case plains([String])
    case optionalPlains([String?])

    /// The type's number in every database that speaks this protocol.
    var type: UInt32 {
        switch self {
        case .integer: TypeNumber.int8
        case .text, .plain: TypeNumber.text
        case .bytes: TypeNumber.bytea
        case .integers, .optionalIntegers: TypeNumber.int8Array
        case .texts, .optionalTexts, .plains, .optionalPlains: TypeNumber.textArray
        }
    }

    /// `nil` for NULL.
    func encoded() -> [UInt8]? {
        switch self {
        case .integer(let value): value.map { bigEndian($0) }
        case .text(let value): value.map { Array(StoredText.escaped($0).utf8) }
        case .plain(let value): value.map { Array($0.utf8) }
        case .bytes(let value): value
        case .integers(let values): ArrayWriter.integers(values)
        case .optionalIntegers(let values): ArrayWriter.optionalIntegers(values)
        case .texts(let values): ArrayWriter.texts(values.map { StoredText.escaped($0) })
        case .optionalTexts(let values):
            ArrayWriter.texts(values.map { $0.map(StoredText.escaped) })
        case .plains(let values): ArrayWriter.texts(values)
        case .optionalPlains(let values): ArrayWriter.texts(values)
        }
    }
}

/// The numbers of types, fixed since PostgreSQL's beginnings (`pg_type.dat`).
private enum TypeNumber {
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let text: UInt32 = 25
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
}

/// Text as it is stored: PostgreSQL's has no NUL, so NUL is `\0` and the backslash `\\`.
enum StoredText {
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0 || $0 == backslash }) else { return text }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0: bytes += [backslash, UInt8(ascii: "0")]
            case backslash: bytes += [backslash, backslash]
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard bytes.contains(backslash) else { return String(decoding: bytes, as: UTF8.self) }
        var plain: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == backslash, index + 1 < bytes.count {
                index += 1
                plain.append(bytes[index] == UInt8(ascii: "0") ? 0 : bytes[index])
            } else {
                plain.append(bytes[index])
            }
            index += 1
        }
        return String(decoding: plain, as: UTF8.self)
    }

    private static let backslash = UInt8(ascii: "\\")
}

/// Writes arrays of one dimension in the binary form: dimensions, whether there are NULLs, the
/// elements' type, length and lower bound, then each element after its size.
private struct ArrayWriter {
    private(set) var bytes: [UInt8] = []

    private init(type: UInt32, count: Int, hasNull: Bool, elementSize: Int) {
        bytes.reserveCapacity(20 + count * (4 + elementSize))
        append(count == 0 ? 0 : 1)
        append(hasNull ? 1 : 0)
        append(Int32(bitPattern: type))
        guard count > 0 else { return }
        append(Int32(count))
        append(1)
    }

    static func integers(_ values: [Int64]) -> [UInt8] {
        var writer = ArrayWriter(
            type: TypeNumber.int8,
            count: values.count,
            hasNull: false,
            elementSize: 8
        )
        for value in values { writer.append(element: value) }
        return writer.bytes
    }

    static func optionalIntegers(_ values: [Int64?]) -> [UInt8] {
        var writer = ArrayWriter(
            type: TypeNumber.int8,
            count: values.count,
            hasNull: values.contains(nil),
            elementSize: 8
        )
        for value in values {
            if let value { writer.append(element: value) } else { writer.append(-1) }
        }
        return writer.bytes
    }

    static func texts(_ values: [String?]) -> [UInt8] {
        var writer = ArrayWriter(
            type: TypeNumber.text,
            count: values.count,
            hasNull: values.contains(nil),
            elementSize: 24
        )
        for value in values {
            guard let value else {
                writer.append(-1)
                continue
            }
            writer.append(Int32(value.utf8.count))
            writer.bytes.append(contentsOf: value.utf8)
        }
        return writer.bytes
    }

    private mutating func append(element: Int64) {
        append(8)
        withUnsafeBytes(of: element.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ value: Int32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

private func bigEndian(_ value: Int64) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian, Array.init)
}
