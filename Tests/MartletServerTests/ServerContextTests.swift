import Testing

@testable import MartletServer

@Suite("Where a request comes from")
struct ServerContextTests {
    @Test(
        "an IPv4 address counts as itself on a socket for both families",
        arguments: [
            ("::ffff:192.0.2.1", "192.0.2.1"), ("192.0.2.1", "192.0.2.1"), ("::1", "::1"),
            ("::ffff:0:1", "::ffff:0:1"), ("2001:db8::1", "2001:db8::1"), ("local", "local"),
        ]
    )
    func unmapped(address: String, counted: String) {
        #expect(ServerContext.unmapped(address) == counted)
    }
}
