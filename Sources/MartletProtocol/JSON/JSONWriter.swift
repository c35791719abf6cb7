/// Writes JSON into a byte buffer, member by member, in the order of the calls.
///
/// Nothing is sorted, slashes are not escaped and text outside of ASCII stays UTF-8, so the same
/// calls always make the same bytes. Nesting is by closure, so every bracket is closed:
///
/// ```swift
/// var writer = JSONWriter()
/// writer.object { writer in
///     writer.member("token_type", "Bearer")
///     writer.member("expires_in", 600)
/// }
/// send(writer.bytes)
/// ```
public struct JSONWriter: Sendable {
    /// How the text is laid out.
    public enum Layout: Sendable {
        /// No white space: what goes over the wire.
        case compact
        /// One member a line, indented by two spaces: for people.
        case pretty
    }

    /// What has been written so far, as UTF-8.
    public private(set) var bytes: [UInt8] = []

    private let layout: Layout
    private var depth = 0
    private var isFirst = true

    /// A writer with an empty buffer.
    ///
    /// - Parameters:
    ///   - layout: Compact, unless people are to read the text.
    ///   - capacity: How many bytes to make room for at once.
    public init(layout: Layout = .compact, reserving capacity: Int = 512) {
        self.layout = layout
        bytes.reserveCapacity(capacity)
    }

    // MARK: - Values

    /// Writes an object.
    ///
    /// - Parameter members: Writes the members, with the `member` methods only.
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        nest(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    /// Writes an array.
    ///
    /// - Parameter elements: Writes the elements, each introduced by ``element(_:)``.
    public mutating func array(_ elements: (inout JSONWriter) -> Void) {
        nest(UInt8(ascii: "["), UInt8(ascii: "]"), elements)
    }

    /// Writes one element of an array.
    ///
    /// - Parameter value: Writes the element's value.
    public mutating func element(_ value: (inout JSONWriter) -> Void) {
        separate()
        value(&self)
    }

    /// Writes any value: what ``JSONValue`` holds, in its order.
    ///
    /// - Parameter value: The value. A number that JSON cannot say (infinite, not a number) is
    ///   written as `null`.
    public mutating func write(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .number(let value): append(value.isFinite ? String(value) : "null")
        case .string(let value): string(value)
        case .array(let elements):
            array { writer in
                for element in elements { writer.element { $0.write(element) } }
            }
        case .object(let object):
            self.object { writer in
                for member in object.members { writer.member(member.name, member.value) }
            }
        }
    }

    // MARK: - Members

    /// Writes a member whose value is a string.
    public mutating func member(_ name: String, _ value: String) {
        self.name(name)
        string(value)
    }

    /// Writes a member whose value is a whole number.
    public mutating func member(_ name: String, _ value: Int) {
        self.name(name)
        append(String(value))
    }

    /// Writes a member whose value is a whole number.
    public mutating func member(_ name: String, _ value: Int64) {
        self.name(name)
        append(String(value))
    }

    /// Writes a member whose value is true or false.
    public mutating func member(_ name: String, _ value: Bool) {
        self.name(name)
        append(value ? "true" : "false")
    }

    /// Writes a member whose value is an array of strings.
    public mutating func member(_ name: String, _ values: [String]) {
        self.name(name)
        array { writer in
            for value in values { writer.element { $0.string(value) } }
        }
    }

    /// Writes a member whose value is any JSON.
    public mutating func member(_ name: String, _ value: JSONValue) {
        self.name(name)
        write(value)
    }

    /// Writes a member whose value is an object.
    ///
    /// - Parameters:
    ///   - name: The member's name.
    ///   - members: Writes the object's members.
    public mutating func member(_ name: String, object members: (inout JSONWriter) -> Void) {
        self.name(name)
        object(members)
    }

    /// Writes a member whose value is an array.
    ///
    /// - Parameters:
    ///   - name: The member's name.
    ///   - elements: Writes the elements, each introduced by ``element(_:)``.
    public mutating func member(_ name: String, array elements: (inout JSONWriter) -> Void) {
        self.name(name)
        array(elements)
    }

    /// Writes a member whose value is a string, or nothing if there is no value.
    public mutating func member(_ name: String, ifPresent value: String?) {
        if let value { member(name, value) }
    }

    /// Writes a member whose value is a whole number, or nothing if there is no value.
    public mutating func member(_ name: String, ifPresent value: Int64?) {
        if let value { member(name, value) }
    }

    // MARK: - Text

    /// Writes a string with its quotation marks.
    ///
    /// - Parameter value: Any text; only what RFC 8259 §7 asks for is escaped.
    public mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { text in
            var run = 0
            for index in text.indices where Self.mustEscape(text[index]) {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[run..<index]))
                escape(text[index])
                run = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[run...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func mustEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            append("u00")
            bytes.append(Self.hexadecimal(byte >> 4))
            bytes.append(Self.hexadecimal(byte & 15))
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }

    // MARK: - Punctuation

    private mutating func nest(
        _ open: UInt8,
        _ close: UInt8,
        _ content: (inout JSONWriter) -> Void
    ) {
        bytes.append(open)
        isFirst = true
        depth += 1
        content(&self)
        depth -= 1
        if !isFirst { newLine() }
        bytes.append(close)
        isFirst = false
    }

    private mutating func name(_ name: String) {
        separate()
        string(name)
        bytes.append(UInt8(ascii: ":"))
        if layout == .pretty { bytes.append(UInt8(ascii: " ")) }
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        newLine()
    }

    private mutating func newLine() {
        guard layout == .pretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }

    private mutating func append(_ ascii: String) {
        bytes.append(contentsOf: ascii.utf8)
    }
}
