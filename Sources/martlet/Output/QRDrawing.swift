/// A QR code while it is drawn: what is dark, and what no data may cover (ISO/IEC 18004 §6.3, §7.7
/// to §7.10).
struct QRDrawing {
    let size: Int
    private(set) var isDark: [Bool]
    private let version: QRVersion
    private var isTaken: [Bool]

    init(_ version: QRVersion) {
        self.version = version
        size = version.size
        isDark = Array(repeating: false, count: size * size)
        isTaken = isDark
    }

    private mutating func set(_ row: Int, _ column: Int, _ dark: Bool) {
        guard (0..<size).contains(row), (0..<size).contains(column) else { return }
        isDark[row * size + column] = dark
        isTaken[row * size + column] = true
    }

    /// Everything but the data.
    mutating func drawPatterns(mask: Int) {
        for index in 0..<size {
            set(6, index, index % 2 == 0)
            set(index, 6, index % 2 == 0)
        }
        for (row, column) in [(3, 3), (3, size - 4), (size - 4, 3)] { drawFinder(row, column) }
        drawAlignment()
        drawFormat(mask: mask)
        if version.number >= 7 { drawVersion() }
    }

    /// A finder around its centre, with the light border that parts it from the rest.
    private mutating func drawFinder(_ row: Int, _ column: Int) {
        for down in -4...4 {
            for right in -4...4 {
                let distance = max(abs(down), abs(right))
                set(row + down, column + right, distance != 2 && distance != 4)
            }
        }
    }

    private mutating func drawAlignment() {
        let last = version.alignment.last
        for row in version.alignment {
            for column in version.alignment {
                let isFinder =
                    (row == 6 && column == 6) || (row == 6 && column == last)
                    || (row == last && column == 6)
                if !isFinder { drawAlignment(row, column) }
            }
        }
    }

    private mutating func drawAlignment(_ row: Int, _ column: Int) {
        for down in -2...2 {
            for right in -2...2 {
                set(row + down, column + right, max(abs(down), abs(right)) != 1)
            }
        }
    }

    /// Level and mask, twice, with a BCH code of their own.
    private mutating func drawFormat(mask: Int) {
        let bits = Self.withRemainder(mask, bits: 10, generator: 0x537) ^ 0x5412
        func bit(_ index: Int) -> Bool { bits >> index & 1 == 1 }
        for index in 0..<6 { set(index, 8, bit(index)) }
        set(7, 8, bit(6))
        set(8, 8, bit(7))
        set(8, 7, bit(8))
        for index in 9..<15 { set(8, 14 - index, bit(index)) }
        for index in 0..<8 { set(8, size - 1 - index, bit(index)) }
        for index in 8..<15 { set(size - 15 + index, 8, bit(index)) }
        set(size - 8, 8, true)
    }

    /// The version, twice, with a BCH code of its own.
    private mutating func drawVersion() {
        let bits = Self.withRemainder(version.number, bits: 12, generator: 0x1F25)
        for index in 0..<18 {
            let dark = bits >> index & 1 == 1
            let (far, near) = (size - 11 + index % 3, index / 3)
            set(far, near, dark)
            set(near, far, dark)
        }
    }

    private static func withRemainder(_ value: Int, bits: Int, generator: Int) -> Int {
        var remainder = value
        for _ in 0..<bits {
            remainder = remainder << 1 ^ (remainder >> (bits - 1)) * generator
        }
        return value << bits | remainder
    }

    /// The codewords, in columns of two from the right, up and down in turns, under the mask.
    mutating func draw(_ codewords: [UInt8], mask: Int) {
        var index = 0
        var isUpward = true
        for right in stride(from: size - 1, to: 0, by: -2) {
            // The timing pattern takes a column for itself.
            let right = right <= 6 ? right - 1 : right
            for step in 0..<size {
                let row = isUpward ? size - 1 - step : step
                for column in [right, right - 1] where !isTaken[row * size + column] {
                    let isSet =
                        index < codewords.count * 8
                        && codewords[index / 8] >> UInt8(7 - index % 8) & 1 == 1
                    isDark[row * size + column] = isSet != Self.masks(mask, row, column)
                    index += 1
                }
            }
            isUpward.toggle()
        }
    }

    /// Whether a mask turns a module around (§7.8.2).
    private static func masks(_ mask: Int, _ row: Int, _ column: Int) -> Bool {
        let product = row * column
        return switch mask {
        case 0: (row + column) % 2 == 0
        case 1: row % 2 == 0
        case 2: column % 3 == 0
        case 3: (row + column) % 3 == 0
        case 4: (row / 2 + column / 3) % 2 == 0
        case 5: product % 2 + product % 3 == 0
        case 6: (product % 2 + product % 3) % 2 == 0
        default: ((row + column) % 2 + product % 3) % 2 == 0
        }
    }
}
