import MartletCore
import Testing

@testable import MartletServer

@Suite("Which addresses are called")
struct AddressKindTests {
    @Test(
        "an address is of the internet, private, this machine's, or nobody's to call",
        arguments: [
            ("8.8.8.8", AddressKind.internet), ("93.184.216.34", .internet),
            ("172.15.255.255", .internet), ("172.32.0.0", .internet), ("11.0.0.1", .internet),
            ("100.63.255.255", .internet), ("100.128.0.0", .internet),
            ("169.253.255.255", .internet), ("223.255.255.255", .internet),
            ("2606:4700::1111", .internet), ("2a00:1450:4001::1", .internet),
            ("64:ff9b::8.8.8.8", .internet), ("::ffff:8.8.8.8", .internet),

            ("10.0.0.0", .ownNetwork), ("10.255.255.255", .ownNetwork),
            ("172.16.0.1", .ownNetwork), ("172.31.255.255", .ownNetwork),
            ("192.168.1.1", .ownNetwork), ("100.64.0.1", .ownNetwork),
            ("100.127.255.255", .ownNetwork), ("::ffff:10.1.2.3", .ownNetwork),
            ("::ffff:c0a8:101", .ownNetwork), ("fc00::1", .ownNetwork), ("fdff::1", .ownNetwork),

            ("127.0.0.1", .thisMachine), ("127.255.255.254", .thisMachine),
            ("::1", .thisMachine), ("::ffff:127.0.0.1", .thisMachine),
            ("::ffff:7f00:1", .thisMachine),

            ("0.0.0.0", .neverCalled), ("0.1.2.3", .neverCalled), ("::", .neverCalled),
            ("169.254.169.254", .neverCalled), ("169.254.0.1", .neverCalled),
            ("::ffff:169.254.169.254", .neverCalled), ("fe80::1", .neverCalled),
            ("febf::1", .neverCalled), ("fec0::1", .neverCalled), ("224.0.0.1", .neverCalled),
            ("239.255.255.250", .neverCalled), ("ff02::1", .neverCalled),
            ("255.255.255.255", .neverCalled), ("240.0.0.1", .neverCalled),
            ("192.0.0.170", .neverCalled), ("192.0.2.1", .neverCalled),
            ("198.18.0.1", .neverCalled), ("198.51.100.7", .neverCalled),
            ("203.0.113.9", .neverCalled), ("192.88.99.1", .neverCalled),
            ("::127.0.0.1", .neverCalled), ("::10.0.0.1", .neverCalled),
            ("64:ff9b::127.0.0.1", .neverCalled), ("64:ff9b::10.0.0.1", .neverCalled),
            ("64:ff9b::169.254.169.254", .neverCalled), ("64:ff9b:1::8.8.8.8", .neverCalled),
            ("2002:7f00:1::", .neverCalled), ("2002:0808:0808::", .neverCalled),
            ("2001::1", .neverCalled), ("2001:db8::1", .neverCalled), ("100::1", .neverCalled),
            ("3fff::1", .neverCalled), ("4000::1", .neverCalled), ("fd00:ec2::254", .ownNetwork),
        ]
    )
    func kinds(text: String, kind: AddressKind) throws {
        #expect(try #require(IPAddress(text)).kind == kind)
    }

    @Test("the internet is called with TLS; our own network only where that is allowed")
    func rule() {
        for kind in AddressKind.allCases {
            for transport in AddressKind.Transport.allCases {
                for reach in LogoutCall.Reach.allCases {
                    let expected =
                        switch (kind, transport, reach) {
                        case (.internet, .tls, _), (.ownNetwork, .tls, .ownNetwork),
                            (.thisMachine, _, .ownNetwork):
                            true
                        default: false
                        }
                    #expect(kind.permits(transport, reach: reach) == expected)
                }
            }
        }
    }
}
