import Testing

@testable import martlet

@Suite("Issuers, addresses and stores")
struct AddressTests {
    private func refusal(ofIssuer text: String) -> String? {
        do throws(Unfit) {
            _ = try Issuer(text)
            return nil
        } catch {
            switch error {
            case .because(let reason, _): return reason
            case .unexpected: return ""
            }
        }
    }

    @Test(
        "an issuer is https, or http on loopback",
        .covers("RFC 8414 §2 issuer"),
        arguments: [
            ("https://login.example.com", "login.example.com", nil, ""),
            ("https://login.example.com:8443", "login.example.com", 8443, ""),
            ("https://example.com/tenants/a-1", "example.com", nil, "/tenants/a-1"),
            ("https://xn--bcher-kva.example", "xn--bcher-kva.example", nil, ""),
            ("https://192.0.2.1", "192.0.2.1", nil, ""),
            ("http://localhost:8080", "localhost", 8080, ""),
            ("http://127.0.0.1:1", "127.0.0.1", 1, ""),
            ("http://[::1]:65535", "[::1]", 65535, ""),
        ] as [(String, String, Int?, String)]
    )
    func goodIssuer(text: String, host: String, port: Int?, path: String) throws {
        let issuer = try Issuer(text)
        #expect(issuer.text == text)
        #expect(issuer.host == host)
        #expect(issuer.port == port)
        #expect(issuer.path == path)
        #expect(issuer.isLoopback == text.hasPrefix("http://"))
    }

    @Test(
        "an issuer that could be spelt otherwise is refused with how to write it",
        arguments: [
            ("https://a.example/", "must not end in a slash; write https://a.example"),
            ("https://a.example/b//", "must not end in a slash; write https://a.example/b"),
            ("https://a.example?x", "must not have a query (“?…”)."),
            ("https://a.example#x", "must not have a fragment (“#…”)."),
            ("https://u:p@a.example", "must not have a user name (“…@”)."),
            ("a.example", "must be a URL that begins with https://."),
            ("HTTPS://a.example", "must be a URL that begins with https://."),
            ("ftp://a.example", "must be a URL that begins with https://."),
            ("https://a.example:443", "must leave out :443, as browsers do."),
            ("http://localhost:80", "must leave out :80, as browsers do."),
            (
                "http://a.example",
                "must begin with https:// (http:// is for localhost, 127.0.0.1 and [::1])."
            ),
            ("https://a.example:0", "must hold a port from 1 to 65535 after the host’s colon."),
            ("https://a.example:08", "must hold a port from 1 to 65535 after the host’s colon."),
            ("https://a.example:65536", "must hold a port from 1 to 65535 after the host’s colon."),
            ("https://a.example/a/../b", "may have a path of letters, digits and - . _ ~ only."),
            ("https://a.example//b", "may have a path of letters, digits and - . _ ~ only."),
            ("https://a.example/%61", "may have a path of letters, digits and - . _ ~ only."),
        ]
    )
    func badIssuer(text: String, reason: String) {
        #expect(refusal(ofIssuer: text) == reason)
    }

    @Test(
        "an issuer's host is a name in small letters or an address",
        arguments: [
            "https://", "https:///a", "https://A.example", "https://bücher.example",
            "https://a..example", "https://a.example.", "https://-a.example", "https://a_b.example",
            "https://1.2.3", "https://1.2.3.256", "https://01.2.3.4", "https://::1",
            "https://[::1", "https://[1::2::3]", "https://[g::1]", "https://[::FF]",
            "https://a b.example", "https://a.example\n",
            "https://" + String(repeating: "a", count: 64) + ".example",
        ]
    )
    func badHost(text: String) {
        let reason = refusal(ofIssuer: text)
        #expect(reason?.hasPrefix("must hold a host name") == true, "\(reason ?? "accepted")")
    }

    @Test(
        "an address to listen on has a host and a port",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:0", "::1", 0), ("[::]:80", "::", 80),
            ("localhost:65535", "localhost", 65535), ("[2001:db8::1]:443", "2001:db8::1", 443),
            ("0.0.0.0:80", "0.0.0.0", 80),
        ]
    )
    func goodAddress(text: String, host: String, port: Int) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(
        "anything else is no address to listen on",
        arguments: [
            "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:65536",
            "127.0.0.1:+8", "::1:80", "[::1]", "http://a:80", "127.0.0.1:٨", "[]:80", "[:]:80",
            "[1:2:3:4:5:6:7]:80", "[1:2:3:4:5:6:7:8:9]:80", "[:::]:80", "[12345::]:80",
        ]
    )
    func badAddress(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(
        "a store is one SQLite file",
        arguments: [
            ("sqlite:a.db", "/here/a.db"), ("sqlite:/var/lib/a.db", "/var/lib/a.db"),
            ("sqlite:../a.db", "/here/../a.db"), ("sqlite:./a.db", "/here/./a.db"),
        ]
    )
    func goodStore(text: String, path: String) throws {
        let place = ConfigurationPlace(name: "a", folder: "/here")
        #expect(try StoreLocation(text, at: place) == .sqlite(path: path))
    }

    @Test(
        "a store is a PostgreSQL database, and shows host, port and database alone",
        arguments: [
            ("postgres://u:secret@db:5433/martlet", "postgres://db:5433/martlet"),
            ("postgresql://u:secret@one,two:5433/martlet", "postgres://one,two:5433/martlet"),
            ("postgres:///martlet?host=/run/postgresql", "postgres:///run/postgresql/martlet"),
            ("postgres://db?password=secret&sslmode=verify-full", "postgres://db"),
        ]
    )
    func database(text: String, shown: String) throws {
        let place = ConfigurationPlace(name: "a", folder: "/here")
        let location = try StoreLocation(text, at: place)
        #expect(location.shown == shown)
        var dumped = "\(location) \(String(reflecting: location))"
        dump(location, to: &dumped)
        #expect(!dumped.contains("secret"))
    }

    @Test(
        "a store that is neither file nor database is refused",
        arguments: [
            "", "martlet.db", "sqlite:", "sqlite::memory:", "sqlite:///a.db", "sqlite://a.db",
            "sqlite:folder/", "mysql://a", "sqlite:a\0b",
        ]
    )
    func badStore(text: String) {
        let place = ConfigurationPlace(name: "a", folder: "/here")
        #expect(throws: Unfit.self) { try StoreLocation(text, at: place) }
    }
}
