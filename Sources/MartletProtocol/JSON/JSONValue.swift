/// A JSON value (RFC 8259).
///
/// Whole numbers that fit stay exact as ``integer(_:)``; all others are a ``number(_:)``.
/// Reading is strict: see ``init(parsing:)``.
public enum JSONValue: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction and exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number. Never infinite and never NaN when it was read from bytes.
    case number(Double)
    /// A string of Unicode scalars.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object, its members in the order in which they were written.
    case object(JSONObject)

    /// Reads one value from UTF-8 bytes, and refuses whatever two parsers could read differently.
    ///
    /// Refused are: a member name that stands twice in an object (RFC 8725 §2.4), in canonically
    /// equivalent spellings too, bytes after the value, invalid UTF-8, a byte order mark, lone surrogates, control characters in strings,
    /// numbers beyond a double's range, and arrays and objects nested deeper than
    /// ``maximumDepth``. The caller bounds the number of bytes.
    ///
    /// - Parameter bytes: The whole input.
    /// - Throws: ``JSONError``, with the position of the first byte that is wrong.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try JSONReader.read(bytes)
    }

    /// How deep arrays and objects may be nested: tokens and metadata need three or four levels, and
    /// the reader is recursive, so this also bounds the stack.
    public static let maximumDepth = 32

    /// The string, or nil if this is another kind of value.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The whole number, or nil if this is another kind of value or has a fraction or an exponent.
    public var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number as a double, rounded if it is a whole number beyond 2⁵³; nil if this is another
    /// kind of value.
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }

    /// The truth value, or nil if this is another kind of value.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements, or nil if this is another kind of value.
    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The object, or nil if this is another kind of value.
    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The elements if this is an array of strings only, else nil.
    public var strings: [String]? {
        guard let array else { return nil }
        let strings = array.compactMap(\.string)
        return strings.count == array.count ? strings : nil
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        self == .null
    }

    /// The value of a member, or nil if there is none or this is not an object.
    ///
    /// - Parameter name: The member's name, compared byte for byte.
    public subscript(name: String) -> JSONValue? {
        object?[name]
    }

    /// The value as compact JSON.
    ///
    /// - Parameter layout: Without white space, or indented for people.
    /// - Returns: UTF-8 bytes; the same value always makes the same bytes.
    public func encoded(_ layout: JSONWriter.Layout = .compact) -> [UInt8] {
        var writer = JSONWriter(layout: layout)
        writer.write(self)
        return writer.bytes
    }
}

// No nil literal: where an optional value is expected, `nil` would be taken for `null`.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }

    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }

    /// A number with a fraction.
    public init(floatLiteral value: Double) { self = .number(value) }

    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object with the members in the order of the literal. A name that stands twice is a
    /// programming error.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (name, value) in elements {
            precondition(object[name] == nil, "the member \(name) stands twice in a literal")
            object[name] = value
        }
        self = .object(object)
    }
}
