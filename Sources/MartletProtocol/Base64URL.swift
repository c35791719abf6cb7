/// The base64url encoding without padding that JOSE and PKCE use (RFC 4648 §5, RFC 7515 §2).
///
/// Decoding accepts the one canonical spelling of a byte string and nothing else: two spellings of
/// one token would be two keys in a cache, a log and a deny list.
public enum Base64URL {
    /// The number of characters that `count` bytes become.
    ///
    /// - Parameter count: A number of bytes, not negative.
    /// - Returns: The length of their encoding, which has no padding.
    public static func encodedCount(of count: Int) -> Int {
        count / 3 * 4 + (count % 3 == 0 ? 0 : count % 3 + 1)
    }

    /// The encoding of some bytes as a string.
    ///
    /// - Parameter bytes: Any bytes; none make an empty string.
    /// - Returns: Characters of the base64url alphabet, without padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: encodedCount(of: bytes.count)) { target in
            bytes.withUnsafeBytes { write($0, to: target) }
        }
    }

    /// Appends the encoding of some bytes to a buffer, without a string in between.
    ///
    /// - Parameters:
    ///   - bytes: The bytes to encode.
    ///   - buffer: Where the characters go, as ASCII.
    public static func append(_ bytes: [UInt8], to buffer: inout [UInt8]) {
        bytes.withUnsafeBytes { append($0, to: &buffer) }
    }

    /// Appends the encoding of some bytes to a buffer, without a string in between.
    ///
    /// - Parameters:
    ///   - bytes: The bytes to encode; they are only read during the call.
    ///   - buffer: Where the characters go, as ASCII.
    public static func append(_ bytes: UnsafeRawBufferPointer, to buffer: inout [UInt8]) {
        let start = buffer.count
        let count = encodedCount(of: bytes.count)
        buffer.append(contentsOf: repeatElement(0, count: count))
        buffer.withUnsafeMutableBufferPointer { all in
            _ = write(bytes, to: UnsafeMutableBufferPointer(rebasing: all[start...]))
        }
    }

    /// The bytes that a string encodes.
    ///
    /// - Parameter string: What stands between the dots of a token, or a parameter's value.
    /// - Returns: The bytes, or nil if the string is not the canonical encoding of any: a character
    ///   outside of the alphabet (padding and white space are), an impossible length, or bits set
    ///   that no byte holds.
    public static func decode(_ string: String) -> [UInt8]? {
        var string = string
        return string.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
    }

    /// The bytes that some ASCII characters encode.
    ///
    /// - Parameter characters: The characters; they are only read during the call.
    /// - Returns: The bytes, or nil if this is not the canonical encoding of any.
    public static func decode(_ characters: UnsafeRawBufferPointer) -> [UInt8]? {
        let rest = characters.count % 4
        guard rest != 1 else { return nil }
        let count = characters.count / 4 * 3 + (rest == 0 ? 0 : rest - 1)
        var isCanonical = true
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            isCanonical = read(characters, to: target)
            initialized = isCanonical ? count : 0
        }
        return isCanonical ? bytes : nil
    }

    // MARK: - Tables

    private static let alphabet = [UInt8](
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8
    )

    /// What marks a character outside of the alphabet: the one bit pattern that no six bits reach.
    private static let outside: UInt8 = 0x80

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: outside, count: 256)
        for (value, character) in alphabet.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        return values
    }()

    // MARK: - Loops

    /// Writes the encoding of `bytes`; `target` has room for all of it.
    private static func write(
        _ bytes: UnsafeRawBufferPointer,
        to target: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        alphabet.withUnsafeBufferPointer { alphabet in
            var from = 0
            var to = 0
            while from + 2 < bytes.count {
                let group =
                    UInt32(bytes[from]) << 16 | UInt32(bytes[from + 1]) << 8
                    | UInt32(bytes[from + 2])
                target[to] = alphabet[Int(group >> 18)]
                target[to + 1] = alphabet[Int(group >> 12 & 63)]
                target[to + 2] = alphabet[Int(group >> 6 & 63)]
                target[to + 3] = alphabet[Int(group & 63)]
                from += 3
                to += 4
            }
            guard from < bytes.count else { return to }
            let hasTwo = from + 1 < bytes.count
            let group = UInt32(bytes[from]) << 16 | (hasTwo ? UInt32(bytes[from + 1]) << 8 : 0)
            target[to] = alphabet[Int(group >> 18)]
            target[to + 1] = alphabet[Int(group >> 12 & 63)]
            if hasTwo { target[to + 2] = alphabet[Int(group >> 6 & 63)] }
            return to + (hasTwo ? 3 : 2)
        }
    }

    /// Writes the decoded bytes; false if `characters` is not canonical. The length is possible.
    private static func read(
        _ characters: UnsafeRawBufferPointer,
        to target: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        values.withUnsafeBufferPointer { values in
            var seen: UInt8 = 0
            func value(_ index: Int) -> UInt32 {
                let value = values[Int(characters[index])]
                seen |= value
                return UInt32(value)
            }
            var from = 0
            var to = 0
            while from + 3 < characters.count {
                let group =
                    value(from) << 18 | value(from + 1) << 12 | value(from + 2) << 6
                    | value(from + 3)
                target[to] = UInt8(truncatingIfNeeded: group >> 16)
                target[to + 1] = UInt8(truncatingIfNeeded: group >> 8)
                target[to + 2] = UInt8(truncatingIfNeeded: group)
                from += 4
                to += 3
            }
            guard from < characters.count else { return seen < outside }
            let hasTwo = from + 2 < characters.count
            let group =
                value(from) << 18 | value(from + 1) << 12 | (hasTwo ? value(from + 2) << 6 : 0)
            target[to] = UInt8(truncatingIfNeeded: group >> 16)
            if hasTwo { target[to + 1] = UInt8(truncatingIfNeeded: group >> 8) }
            let leftOver = hasTwo ? group & 0xFF : group & 0xFFFF
            return seen < outside && leftOver == 0
        }
    }
}
