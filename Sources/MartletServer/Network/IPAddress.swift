/// An IPv4 or IPv6 address, by its bits.
///
/// An IPv4 address is held as IPv6 maps it (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2), so that one
/// host is one value whichever socket or header it came by.
package struct IPAddress: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// What stands before the 32 bits of an IPv4 address.
    private static let mapping: UInt64 = 0xFFFF << 32
    /// `0000:0000:0000:0000:0000:ffff:255.255.255.255`, the longest that there is.
    private static let maximumLength = 45

    /// Whether it is one of this machine's own: 127.0.0.0/8 or `::1`.
    var isLoopback: Bool { isIPv4 ? low >> 24 & 0xFF == 127 : high == 0 && low == 1 }

    var isIPv4: Bool { high == 0 && low >> 32 == Self.mapping >> 32 }

    /// Reads an address as RFC 4291 §2.2 and everybody's dotted decimals spell it: no zone, no
    /// port, no leading zeros that some would take for octal numbers.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumLength else { return nil }
        if let four = Self.dotted(bytes[...]) {
            high = 0
            low = Self.mapping | UInt64(four)
            return
        }
        guard let groups = Self.groups(bytes) else { return nil }
        high = groups.prefix(4).reduce(0) { $0 << 16 | UInt64($1) }
        low = groups.suffix(4).reduce(0) { $0 << 16 | UInt64($1) }
    }

    // MARK: - Reading

    private static func dotted(_ text: ArraySlice<UInt8>) -> UInt32? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard 1...3 ~= part.count, part.count == 1 || part.first != UInt8(ascii: "0") else {
                return nil
            }
            var number: UInt32 = 0
            for digit in part {
                guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
                number = number * 10 + UInt32(digit - UInt8(ascii: "0"))
            }
            guard number <= 255 else { return nil }
            address = address << 8 | number
        }
        return address
    }

    /// The eight groups of an IPv6 address.
    private static func groups(_ text: [UInt8]) -> [UInt16]? {
        let colon = UInt8(ascii: ":")
        let gap = text.indices.dropLast().first { text[$0] == colon && text[$0 + 1] == colon }
        guard let gap else {
            guard let all = row(text[...]), all.count == 8 else { return nil }
            return all
        }
        // A second gap leaves an empty group behind, which no row has.
        guard let before = row(text[..<gap]), let after = row(text[(gap + 2)...]),
            before.count + after.count < 8
        else { return nil }
        // Dotted decimals stand at the end only.
        if text[..<gap].contains(UInt8(ascii: ".")) { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - before.count - after.count)
        return before + zeros + after
    }

    /// Groups with single colons between them, the last two perhaps as dotted decimals.
    private static func row(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let four = dotted(part) {
                groups += [UInt16(four >> 16), UInt16(four & 0xFFFF)]
            } else if let group = group(part) {
                groups.append(group)
            } else {
                return nil
            }
        }
        return groups
    }

    private static func group(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard 1...4 ~= text.count else { return nil }
        var value: UInt16 = 0
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            case _: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

extension IPAddress: CustomStringConvertible {
    /// The one spelling that RFC 5952 recommends, so that addresses compare as text too.
    package var description: String {
        if isIPv4 {
            return [24, 16, 8, 0].map { String(low >> $0 & 0xFF) }.joined(separator: ".")
        }
        let groups = [high, low].flatMap { half in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> $0) }
        }
        let words = groups.map { String($0, radix: 16) }
        let gap = Self.longestZeros(in: groups)
        if gap.isEmpty { return words.joined(separator: ":") }
        return words[..<gap.lowerBound].joined(separator: ":") + "::"
            + words[gap.upperBound...].joined(separator: ":")
    }

    /// The first of the longest runs of two or more groups of zero; empty if there is none.
    private static func longestZeros(in groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start > max(1, longest.count) { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}

/// The addresses that begin with the same bits: `10.0.0.0/8` (RFC 4632 §3.1, RFC 4291 §2.3).
package struct AddressRange: Sendable, Hashable {
    private let network: IPAddress
    /// How many of the 128 bits count.
    private let length: Int

    /// Reads an address alone, or one with the number of bits that count. Bits behind that number
    /// are zero: else somebody meant another range.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let network = parts.first.flatMap({ IPAddress($0) }) else {
            return nil
        }
        self.network = network
        let isIPv4 = network.isIPv4 && !parts[0].contains(":")
        if parts.count == 1 {
            length = 128
        } else {
            guard 1...3 ~= parts[1].utf8.count, let bits = UInt8(parts[1]), "\(bits)" == parts[1],
                bits <= (isIPv4 ? 32 : 128)
            else { return nil }
            length = Int(bits) + (isIPv4 ? 96 : 0)
        }
        let (high, low) = mask
        guard network.high & ~high == 0, network.low & ~low == 0 else { return nil }
    }

    /// Whether it is every address of its kind.
    package var isEverything: Bool { length == (network.isIPv4 ? 96 : 0) }

    /// A range of IPv6 holds no IPv4 address, however short it is.
    package func contains(_ address: IPAddress) -> Bool {
        let (high, low) = mask
        return address.isIPv4 == network.isIPv4 && address.high & high == network.high
            && address.low & low == network.low
    }

    private var mask: (high: UInt64, low: UInt64) {
        let ones = UInt64.max
        return (
            length >= 64 ? ones : ~(ones >> UInt64(length)),
            length <= 64 ? 0 : ~(length == 128 ? 0 : ones >> UInt64(length - 64))
        )
    }
}
