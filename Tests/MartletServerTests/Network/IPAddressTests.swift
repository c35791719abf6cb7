import Testing

@testable import MartletServer

@Suite("Addresses and ranges of them")
struct IPAddressTests {
    @Test(
        "an address has one spelling, whatever it came in",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::FFFF:c000:201", "192.0.2.1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"), ("2001:db8::0001", "2001:db8::1"),
            // RFC 5952 §4.2: the longest run, the first of equals, never a single group.
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"),
            ("fe80::1:2:3:4", "fe80::1:2:3:4"),
        ]
    )
    func spelling(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(
        "what is not exactly an address is none",
        arguments: [
            "", " ", ".", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3",
            "256.1.1.1", "1.1.1.999", "01.2.3.4", "1.2.3.04", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4",
            "1.2.3.-4", "+1.2.3.4", "1.2.3.4:80", "[::1]", "::1%eth0", "fe80::1%1", "1::2::3",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "::1:2:3:4:5:6:7:8",
            "12345::", "g::", ":1::2", "1::2:", "1:::2", "::1.2.3", "1.2.3.4::",
            "::1.2.3.4:5", "1.2.3.4/8", "::/0", "localhost", "unknown", "_hidden",
            "\u{0661}.2.3.4", "1.2.3.4\u{301}", "1.2.3.4\0", "１.2.3.4",
            String(repeating: "1", count: 100_000), String(repeating: ":", count: 100_000),
        ]
    )
    func none(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "a range holds the addresses that begin with its bits",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true), ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false), ("192.0.2.0/31", "192.0.2.1", true),
            ("192.0.2.0/31", "192.0.2.2", false), ("128.0.0.0/1", "200.1.1.1", true),
            ("128.0.0.0/1", "100.1.1.1", false), ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false), ("2001:db8:0:1::/64", "2001:db8:0:1::9", true),
            ("2001:db8:0:1::/64", "2001:db8:0:2::9", false), ("::1", "::1", true),
            ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
            ("2001:db8::/65", "2001:db8::8000:0:0:1", false), ("::1/128", "::2", false),
            ("::/1", "192.0.2.1", false), ("::/0", "192.0.2.1", false), ("::/0", "2::", true),
            ("0.0.0.0/0", "192.0.2.1", true), ("0.0.0.0/0", "2::", false),
            ("::ffff:10.0.0.0/104", "10.2.3.4", true), ("::ffff:10.0.0.0/104", "11.2.3.4", false),
        ]
    )
    func contains(range: String, address: String, expected: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(IPAddress(address))) == expected)
    }

    @Test(
        "what is not exactly a range is none, and one with bits behind its length neither",
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
            "10.0.0.0/8/8", "10.0.0.0/8 ", "10.0.0.0/255.0.0.0", "10.0.0.1/8", "::1/0", "::/129",
            "2001:db8::1/32", "2001:db8::/32x", "::/1000", "example.com", "10.0.0.0/٨",
        ]
    )
    func noRange(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test("whether a range is every address is known")
    func everything() {
        for text in ["0.0.0.0/0", "::/0", "::ffff:0:0/96"] {
            #expect(AddressRange(text)?.isEverything == true)
        }
        for text in ["0.0.0.0/1", "::/1", "0.0.0.0", "::"] {
            #expect(AddressRange(text)?.isEverything == false)
        }
    }
}
