import Testing

@testable import MartletServer

@Suite("Whose word counts about the client's address")
struct TrustedProxiesTests {
    static let proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8:aa::/48"]

    private func client(
        from connection: String = "10.0.0.1",
        _ forwardedFor: String...,
        forwarded: [String] = []
    ) throws -> String {
        let ranges = try Self.proxies.map { try #require(AddressRange($0)) }
        return TrustedProxies(ranges).clientAddress(
            connection: connection,
            forwardedFor: forwardedFor,
            forwarded: forwarded
        )
    }

    @Test("without trusted proxies no header is looked at")
    func none() {
        for connection in ["127.0.0.1", "::1", "198.51.100.1", "local"] {
            let address = TrustedProxies.none.clientAddress(
                connection: connection,
                forwardedFor: ["192.0.2.1"],
                forwarded: ["for=192.0.2.1"]
            )
            #expect(address == connection)
        }
    }

    @Test("who is no trusted proxy cannot name another address")
    func stranger() throws {
        for connection in ["198.51.100.1", "11.0.0.1", "2001:db8:ab::1", "::1", "local", ""] {
            #expect(try client(from: connection, "192.0.2.1") == connection)
            #expect(
                try client(from: connection, forwarded: ["for=192.0.2.1"]) == connection
            )
        }
    }

    @Test("a trusted proxy without a header speaks for itself")
    func noHeader() throws {
        #expect(try client() == "10.0.0.1")
    }

    @Test(
        "the right-most address that is no trusted proxy is the client's",
        arguments: [
            (["192.0.2.1"], "192.0.2.1"),
            (["192.0.2.1, 10.9.9.9"], "192.0.2.1"),
            (["192.0.2.1,10.9.9.9,127.0.0.1"], "192.0.2.1"),
            (["192.0.2.1", "10.9.9.9"], "192.0.2.1"),
            (["192.0.2.1, 10.9.9.9", "2001:db8:aa::7 , 10.1.1.1"], "192.0.2.1"),
            // Further left anybody may have written.
            (["6.6.6.6, 192.0.2.1"], "192.0.2.1"), (["10.6.6.6, 192.0.2.1, 10.1.1.1"], "192.0.2.1"),
            (["garbage, \"\", 192.0.2.1"], "192.0.2.1"), (["6.6.6.6", "192.0.2.1"], "192.0.2.1"),
            (["\u{0}\r\n,,,192.0.2.1"], "192.0.2.1"),
            // As proxies write ports and IPv6.
            (["192.0.2.1:4711"], "192.0.2.1"), (["[2001:db8::9]:4711"], "2001:db8::9"),
            (["[2001:db8::9]"], "2001:db8::9"), (["2001:DB8:0::9"], "2001:db8::9"),
            (["::ffff:192.0.2.1"], "192.0.2.1"), (["\t192.0.2.1\t"], "192.0.2.1"),
            // All of them vouch for the left-most.
            (["10.2.2.2, 10.3.3.3"], "10.2.2.2"), (["10.2.2.2"], "10.2.2.2"),
        ]
    )
    func forwardedFor(lines: [String], address: String) throws {
        let ranges = try Self.proxies.map { try #require(AddressRange($0)) }
        let found = TrustedProxies(ranges).clientAddress(
            connection: "10.0.0.1",
            forwardedFor: lines,
            forwarded: []
        )
        #expect(found == address)
    }

    @Test(
        "what is malformed as far as it is read leaves the connection's address",
        arguments: [
            "", " ", ",", "192.0.2.1,", "192.0.2.1, ", "192.0.2.1,,10.1.1.1", "unknown",
            "192.0.2.1, unknown", "192.0.2.1, _hidden, 10.1.1.1", "192.0.2.1 10.1.1.1",
            "192.0.2.1;10.1.1.1", "192.0.2.256", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456",
            "192.0.2.1:_x", "[192.0.2.1]", "[2001:db8::9", "2001:db8::9]", "[2001:db8::9]x",
            "[2001:db8::9]:", "[]", "[", "::1%lo", "\"192.0.2.1\"", "for=192.0.2.1", "192.0.2.1\0",
            "192.0.2.1\u{a0}", "http://192.0.2.1", "192.0.2.1/32", "example.com",
            String(repeating: "10.1.1.1,", count: 2000) + "10.1.1.1",
            String(repeating: ",", count: 4096), String(repeating: "[", count: 5000),
            "192.0.2.1," + Array(repeating: "10.1.1.1", count: 16).joined(separator: ","),
        ]
    )
    func malformed(line: String) throws {
        #expect(try client(line) == "10.0.0.1")
    }

    @Test("as many proxies in a row as are looked at are followed, one more is not")
    func hops() throws {
        let proxies = Array(repeating: "10.1.1.1", count: TrustedProxies.maximumHops - 1)
        #expect(try client((["192.0.2.1"] + proxies).joined(separator: ",")) == "192.0.2.1")
        let more = ["192.0.2.1", "10.1.1.1"] + proxies
        #expect(try client(more.joined(separator: ",")) == "10.0.0.1")
    }

    @Test(
        "Forwarded is read by RFC 7239's grammar",
        arguments: [
            ("for=192.0.2.1", "192.0.2.1"), ("For=192.0.2.1", "192.0.2.1"),
            ("for=\"192.0.2.1\"", "192.0.2.1"),
            ("for=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1"),
            ("proto=https; for=192.0.2.1", "192.0.2.1"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17"),
            ("for=\"192.0.2.1:4711\"", "192.0.2.1"), ("for=\"192.0.2.1:_port\"", "192.0.2.1"),
            ("for=\"192.0.2.1\\:80\"", "192.0.2.1"),
            ("for=6.6.6.6, for=192.0.2.1, for=10.1.1.1", "192.0.2.1"),
            ("for=_secret, for=192.0.2.1 ,for=10.1.1.1", "192.0.2.1"),
            ("host=\"a,b;for=6.6.6.6\";for=192.0.2.1", "192.0.2.1"),
            ("for=10.2.2.2,for=10.3.3.3", "10.2.2.2"),
        ]
    )
    func forwarded(line: String, address: String) throws {
        #expect(try client(forwarded: [line]) == address)
    }

    @Test(
        "a Forwarded that is malformed or hides the address leaves the connection's",
        arguments: [
            "", ",", "for", "for=", "=192.0.2.1", "for =192.0.2.1", "for= 192.0.2.1", "for=unknown",
            "for=_hidden", "for=192.0.2.1;", "for=192.0.2.1,", "for=192.0.2.1,,for=10.1.1.1",
            "for=192.0.2.1;for=192.0.2.2", "for=2001:db8::9", "for=\"2001:db8::9\"",
            "for=[2001:db8::9]", "for=\"192.0.2.1", "for=192.0.2.1\"", "for=\"192.0.2.1\"x",
            "for=\"192.0.2.1\\", "proto=https", "for=192.0.2.1, proto=https", "192.0.2.1",
            "for=192.0.2.1 for=10.1.1.1", "for=\"\"", "for=\u{e9}", "for=192.0.2.1\u{0}",
            // Where a mark is missing, the element of the nearest proxy is part of a client's text.
            "for=6.6.6.6;x=\", for=192.0.2.1", "for=6.6.6.6;x=\", for=\"[2001:db8::9]\"",
            String(repeating: "for=10.1.1.1,", count: 2000) + "for=10.1.1.1",
            String(repeating: "\"", count: 4096), String(repeating: "\\", count: 4096),
        ]
    )
    func malformedForwarded(line: String) throws {
        #expect(try client(forwarded: [line]) == "10.0.0.1")
    }

    @Test("a malformed line of Forwarded does not reach those that came nearer to the server")
    func lines() throws {
        #expect(try client(forwarded: ["for=\"6.6.6.6", "for=192.0.2.1"]) == "192.0.2.1")
        #expect(try client(forwarded: ["for=192.0.2.1", "for=\"6.6.6.6"]) == "10.0.0.1")
    }

    @Test("two headers count if they agree; if not, neither does")
    func contradiction() throws {
        #expect(try client("192.0.2.1", forwarded: ["for=192.0.2.1"]) == "192.0.2.1")
        #expect(try client("192.0.2.1", forwarded: ["for=\"[::ffff:192.0.2.1]\""]) == "192.0.2.1")
        #expect(try client("192.0.2.1", forwarded: ["for=192.0.2.2"]) == "10.0.0.1")
        #expect(try client("192.0.2.1", forwarded: ["garbage"]) == "10.0.0.1")
        #expect(try client("garbage", forwarded: ["for=192.0.2.1"]) == "10.0.0.1")
    }

    @Test("thousands of mutated headers from a fixed seed bring an address or the connection's")
    func mutated() throws {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let seeds = [
            "192.0.2.1, 10.1.1.1", "[2001:db8::9]:80, 10.0.0.2", "for=192.0.2.1;proto=https",
            "for=\"[2001:db8::9]:80\", for=10.1.1.1",
        ]
        let pieces = Array(",;=\"\\[]:. \t\0%0123456789abcdefFor_x\u{e9}")
        for round in 0..<4000 {
            var line = Array(seeds[round % seeds.count])
            for _ in 0...random(6) {
                let place = random(line.count + 1)
                switch random(3) {
                case 0: line.insert(pieces[random(pieces.count)], at: place)
                case 1 where place < line.count: line.remove(at: place)
                case _: line.append(contentsOf: line.prefix(place))
                }
            }
            let text = String(line)
            for address in [try client(text), try client(forwarded: [text])] {
                #expect(IPAddress(address)?.description == address, "\(text)")
            }
        }
    }
}
