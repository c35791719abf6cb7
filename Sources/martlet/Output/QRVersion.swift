/// A size of QR codes and how its bytes are arranged (ISO/IEC 18004 §7.4 to §7.6), level M.
struct QRVersion {
    let number: Int
    /// All codewords, those for correction included.
    let total: Int
    let blocks: Int
    let correctionOfBlock: Int
    /// Where the centres of the alignment patterns lie, in both directions.
    let alignment: [Int]

    var size: Int { 17 + 4 * number }
    private var data: Int { total - blocks * correctionOfBlock }
    /// Bits of the length.
    private var lengthBits: Int { number < 10 ? 8 : 16 }
    private var capacity: Int { (data * 8 - 4 - lengthBits) / 8 }

    /// The smallest that holds so many bytes.
    static func smallest(for count: Int) -> QRVersion? { all.first { count <= $0.capacity } }

    private static let all: [QRVersion] = [
        .init(number: 1, total: 26, blocks: 1, correctionOfBlock: 10, alignment: []),
        .init(number: 2, total: 44, blocks: 1, correctionOfBlock: 16, alignment: [6, 18]),
        .init(number: 3, total: 70, blocks: 1, correctionOfBlock: 26, alignment: [6, 22]),
        .init(number: 4, total: 100, blocks: 2, correctionOfBlock: 18, alignment: [6, 26]),
        .init(number: 5, total: 134, blocks: 2, correctionOfBlock: 24, alignment: [6, 30]),
        .init(number: 6, total: 172, blocks: 4, correctionOfBlock: 16, alignment: [6, 34]),
        .init(number: 7, total: 196, blocks: 4, correctionOfBlock: 18, alignment: [6, 22, 38]),
        .init(number: 8, total: 242, blocks: 4, correctionOfBlock: 22, alignment: [6, 24, 42]),
        .init(number: 9, total: 292, blocks: 5, correctionOfBlock: 22, alignment: [6, 26, 46]),
        .init(number: 10, total: 346, blocks: 5, correctionOfBlock: 26, alignment: [6, 28, 50]),
    ]
}

extension QRVersion {
    /// The codewords of a text in the order in which they are drawn.
    func codewords(of bytes: [UInt8]) -> [UInt8] {
        let blocks = split(dataCodewords(of: bytes))
        let correction = blocks.map { ReedSolomon.correction(of: $0, count: correctionOfBlock) }
        return Self.interleaved(blocks) + Self.interleaved(correction)
    }

    /// Mode, length, the bytes, an end mark, and padding.
    private func dataCodewords(of bytes: [UInt8]) -> [UInt8] {
        var bits: [Bool] = []
        func append(_ value: Int, _ count: Int) {
            for bit in stride(from: count - 1, through: 0, by: -1) {
                bits.append(value >> bit & 1 == 1)
            }
        }
        append(0b0100, 4)
        append(bytes.count, lengthBits)
        for byte in bytes { append(Int(byte), 8) }
        append(0, min(4, data * 8 - bits.count))
        append(0, (8 - bits.count % 8) % 8)
        var padding: [UInt8] = [0xEC, 0x11]
        var codewords = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<(start + 8)].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        while codewords.count < data {
            codewords.append(padding[0])
            padding.reverse()
        }
        return codewords
    }

    /// Blocks as even as can be, the shorter ones first.
    private func split(_ codewords: [UInt8]) -> [[UInt8]] {
        let short = data / blocks
        let longer = data % blocks
        var rest = codewords[...]
        return (0..<blocks).map { block in
            let count = block < blocks - longer ? short : short + 1
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }

    private static func interleaved(_ blocks: [[UInt8]]) -> [UInt8] {
        let longest = blocks.map(\.count).max() ?? 0
        return (0..<longest).flatMap { index in
            blocks.compactMap { index < $0.count ? $0[index] : nil }
        }
    }
}

/// Reed-Solomon codes over GF(2⁸) with the polynomial of QR codes, x⁸ + x⁴ + x³ + x² + 1.
private enum ReedSolomon {
    /// What lets a scanner mend a block: the remainder of its division by the generator.
    static func correction(of block: [UInt8], count: Int) -> [UInt8] {
        let generator = generator(of: count)
        var remainder = [UInt8](repeating: 0, count: count)
        for codeword in block {
            let factor = codeword ^ remainder[0]
            remainder = Array(remainder.dropFirst()) + [0]
            for index in 0..<count { remainder[index] ^= product(generator[index], factor) }
        }
        return remainder
    }

    /// (x − 1)(x − 2)(x − 2²)…, without its leading 1.
    private static func generator(of degree: Int) -> [UInt8] {
        var polynomial = [UInt8](repeating: 0, count: degree - 1) + [1]
        var root: UInt8 = 1
        for _ in 0..<degree {
            for index in 0..<degree {
                polynomial[index] = product(polynomial[index], root)
                if index + 1 < degree { polynomial[index] ^= polynomial[index + 1] }
            }
            root = product(root, 2)
        }
        return polynomial
    }

    private static func product(_ one: UInt8, _ other: UInt8) -> UInt8 {
        var result: UInt8 = 0
        for bit in stride(from: 7, through: 0, by: -1) {
            result = result << 1 ^ (result & 0x80 == 0 ? 0 : 0x1D)
            if other >> UInt8(bit) & 1 == 1 { result ^= one }
        }
        return result
    }
}
