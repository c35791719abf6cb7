import Testing

@testable import martlet

@Suite("QR codes")
struct QRCodeTests {
    /// What another program (the Python package qrcode 8.2) draws of the first bytes of a text,
    /// under each of the eight masks: 64-bit FNV-1a over the rows as `0` and `1`.
    struct Sample: Sendable, CustomTestStringConvertible {
        let version: Int
        let length: Int
        let digests: [UInt64]

        var testDescription: String { "version \(version)" }
    }

    static let samples: [Sample] = [
        .init(
            version: 1,
            length: 9,
            digests: [
                0x8d720541a4cd6ee5, 0x854859acf52e3b2b, 0xf0956738db9f9e47,
                0x25fc2457b783a8a1, 0x73c16b9bd0b4b86b, 0x892281146f068845,
                0x8ff8bb3866bc57e1, 0xcfba0fe102f5c287,
            ]
        ),
        .init(
            version: 2,
            length: 20,
            digests: [
                0xfc8d9f5ba1c900bf, 0x777ed00c19366f89, 0xb4417ece731c4861,
                0x783f50b93cd23535, 0xb5d1c5ae5689fd5b, 0xceb0cb99e345a408,
                0x11e2e46f61e1ab59, 0x702c0dfc34d68467,
            ]
        ),
        .init(
            version: 3,
            length: 33,
            digests: [
                0xbb9ce423a243da51, 0xd69162c61dcc578b, 0xd493b48fa2db5436,
                0x55c0fa2414d74f35, 0x53e0d72d788a4cf4, 0x09ded025335358d2,
                0x27ec524bf8979c27, 0x44b93d06af3da1dd,
            ]
        ),
        .init(
            version: 4,
            length: 48,
            digests: [
                0xa4e27c3ab1b6a3b7, 0x3f2fc7d823938061, 0x72d945564dcd2d50,
                0x870a16684396ac4a, 0x8ac0d88e622b3a43, 0x22f007a97468732b,
                0x13f896e4615fc130, 0x90a00fd121c106be,
            ]
        ),
        .init(
            version: 5,
            length: 70,
            digests: [
                0xdded7c3aca1f075b, 0x96f0f5fdd74688e5, 0x0164b7a743258839,
                0x8898eee901141655, 0x2e4ee98290f4ef27, 0x545d32214f8535dc,
                0x7b9593d7fbbf7915, 0x61cac0603b090eab,
            ]
        ),
        .init(
            version: 6,
            length: 90,
            digests: [
                0x2e8d7ea66bb3fd5f, 0x3afe8ed3eb5e1675, 0x69a583f23216ee84,
                0xe1b290829d4c1953, 0xac55936898795c2a, 0x260629e87609ea64,
                0xfc4bc94cece555c5, 0x8690ce46355b38d3,
            ]
        ),
        .init(
            version: 7,
            length: 110,
            digests: [
                0xa712b2579a41e479, 0xf7c48151e2e36ada, 0x03922e52abdf0e09,
                0xd08e7f1cb6017311, 0xc99674b3dcfc4027, 0x3b28c42af74c4a1f,
                0xa0fd50f7ac8ec1c1, 0x35121a9f47d66ca9,
            ]
        ),
        .init(
            version: 8,
            length: 140,
            digests: [
                0xebbba097c9584ddd, 0x5c37335c804c784e, 0x4bd46499ebff7511,
                0x9e1fa8a4d704540d, 0x82434b9b11ee6367, 0x31294c0bc0a8661c,
                0x441c27d0417ca385, 0x589155167dbe8211,
            ]
        ),
        .init(
            version: 9,
            length: 170,
            digests: [
                0x8d4e8e87a168b9ef, 0xabc8b888d3d18d94, 0xee688fe2634951eb,
                0x15d7930ff73a883a, 0xb7358ebf63c00639, 0x320e1ad249098d96,
                0xcac954fbfae0afc2, 0xed69a9d723db140e,
            ]
        ),
        .init(
            version: 10,
            length: 213,
            digests: [
                0x48c13d7160182641, 0xaca7457926aa583e, 0xf449153f695829a1,
                0x8260b4c548ba88cd, 0x12c69f9d9565fcb3, 0xad9a7e6777bb761b,
                0x78a2f949369f2555, 0xd26f4ab9613921ad,
            ]
        ),
    ]

    private static let text = String(
        repeating: "https://login.example.com/device?user_code=WDJB-MJHT&",
        count: 5
    )

    @Test(
        "every version under every mask is drawn as another program draws it",
        arguments: Self.samples
    )
    func asOthersDraw(sample: Sample) throws {
        let text = String(Self.text.prefix(sample.length))
        for (mask, digest) in sample.digests.enumerated() {
            let code = try #require(QRCode(text, mask: mask))
            #expect(code.size == 17 + 4 * sample.version)
            #expect(Self.digest(code) == digest, "mask \(mask)")
        }
        // Without a mask it is one of these.
        let chosen = try #require(QRCode(text))
        #expect(sample.digests.contains(Self.digest(chosen)))
    }

    @Test("a small one, to look at")
    func picture() throws {
        let code = try #require(QRCode("MARTLET", mask: 3))
        let rows = (0..<code.size).map { row in
            (0..<code.size).map { code[row, $0] ? "#" : "." }.joined()
        }
        let expected = """
            #######.#.###.#######
            #.....#.##..#.#.....#
            #.###.#..##...#.###.#
            #.###.#.##.#..#.###.#
            #.###.#...##..#.###.#
            #.....#...###.#.....#
            #######.#.#.#.#######
            ........#####........
            #.##.###...##.#..#.##
            .#####..##.#####..#..
            #.#...#.#.##.......##
            ###.##..####..#.##...
            ...#.##..##.#....####
            ........##.#..##.#..#
            #######.#..##..##.#..
            #.....#.#........####
            #.###.#.....####...##
            #.###.#.#..#..#.##.#.
            #.###.#.#...#.#...#..
            #.....#..##..#......#
            #######.###..#.#.....
            """
        #expect(rows.joined(separator: "\n") == expected)
    }

    @Test("what is too long for the largest version is none")
    func tooLong() {
        #expect(QRCode(String(repeating: "a", count: QRCode.maximumLength)) != nil)
        #expect(QRCode(String(repeating: "a", count: QRCode.maximumLength + 1)) == nil)
        #expect(QRCode("")?.size == 21)
    }

    @Test("a terminal gets half blocks with a quiet zone of four modules")
    func terminal() throws {
        let code = try #require(QRCode("MARTLET", mask: 3))
        let lines = code.text(.blocks).split(separator: "\n")
        #expect(lines.count == 15)
        #expect(lines.allSatisfy { $0.count == 29 })
        #expect(lines[0] == String(repeating: "█", count: 29))
        #expect(lines[2].hasPrefix("████ ▄▄▄▄▄ █"))
        let coloured = code.text(.colours).split(separator: "\n")
        #expect(coloured.count == 15)
        #expect(coloured[2].hasPrefix("\u{1B}[38;5;16;48;5;231m    █▀▀▀▀▀█ "))
        #expect(coloured.allSatisfy { $0.hasSuffix("\u{1B}[0m") })
    }

    private static func digest(_ code: QRCode) -> UInt64 {
        let rows = (0..<code.size).map { row in
            (0..<code.size).map { code[row, $0] ? "1" : "0" }.joined()
        }
        return rows.joined(separator: "\n").utf8.reduce(0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
    }
}
