import MartletProtocol
import Testing

@testable import MartletCore

@Suite("A redirect URI is registered strictly and compared byte for byte")
struct RedirectURITests {
    @Test(
        "https, http on loopback and a reversed domain as scheme are accepted, and kept as written",
        .covers(
            "RFC 8252 §7 three-kinds",
            "RFC 8252 §7.2 https",
            "RFC 6749 §3.1.2 absolute-uri",
            "RFC 7591 §5 redirect-uri-rules"
        ),
        arguments: [
            "https://app.example.com/callback", "https://app.example.com",
            "https://app.example.com:8443/callback?tenant=a%20b", "https://192.0.2.1/",
            "https://[2001:db8::1]:8443/", "HTTPS://App.Example.com/Callback",
            "http://127.0.0.1/callback", "http://127.0.0.1:3000/callback", "http://[::1]/",
            "http://localhost:3000", "com.example.app:/oauth2redirect",
            "com.example.app://callback", "com.example.app:callback",
        ]
    )
    func accepted(text: String) throws {
        #expect(try RedirectURI(registering: text).text.isSameText(as: text))
    }

    @Test(
        "what could lead elsewhere, or be read in two ways, is refused in a printable sentence",
        .covers("RFC 6749 §3.1.2 absolute-uri", "RFC 8252 §7.1 reverse-domain"),
        arguments: [
            "", "/callback", "app.example.com/callback", "//app.example.com/callback",
            "https:", "https://", "https:///callback", "https:/app.example.com", "https://?a",
            "https://app.example.com/#part", "https://app.example.com/#",
            "https://user@app.example.com/", "https://user:word@app.example.com/",
            "https://app.example.com@evil.example/", "https://app.example.com\\@evil.example/",
            "https://app.example.com/\\evil", "https://app.example.com/ callback",
            "https://app.example.com/\u{0}", "https://app.example.com/\r\nLocation: x",
            "https://app.example.com/\u{7F}", "https://app.example.com/é",
            "https://bücher.example/", "https://app.example.com/%", "https://app.example.com/%2",
            "https://app.example.com/%zz", "https://app%2Eexample.com/", "https://*.example.com/",
            "https://app.example.com/*", "https://app.example.com/callback?next=*",
            "com.example.app:/*",
            "http://localhost:*/callback", "https://.example.com/", "https://app..example.com/",
            "https://app.example.com./",
            "https://app.example.com:/", "https://app.example.com:0/",
            "https://app.example.com:080/", "https://app.example.com:65536/",
            "https://app.example.com:+1/", "https://app.example.com:8a/", "https://[::1/",
            "https://[]/", "https://[v1.a]/", "https://[::1]a/", "https://a\"b/", "https://a/<b>",
            "http://app.example.com/", "http://127.0.0.2/", "http://0/", "http://0.0.0.0/",
            "http://localhost.example.com/", "http://127.0.0.1.example.com/", "http:/localhost/",
            "http://2130706433/", "http://[::ffff:127.0.0.1]/", "http://127.0.0.1@evil.example/",
            "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x",
            "file:///etc/passwd", "blob:https://app.example.com/1", "about:blank", "myapp:/cb",
            "urn:ietf:wg:oauth:2.0:oob", "ftp://ftp.example.com/", "1com.example:/cb",
            "com.example.app:", "com.example app:/cb", "com.example.app://user@host/",
            "https://example.com/" + String(repeating: "a", count: 2000),
        ]
    )
    func refused(text: String) {
        let error = #expect(throws: OAuthError.self) { try RedirectURI(registering: text) }
        #expect(error?.code == .invalidRedirectURI)
        #expect(error?.sentence.utf8.allSatisfy { 0x20...0x7E ~= $0 } == true)
    }

    @Test(
        "a request's address is the registered one, byte for byte",
        .covers("RFC 6749 §3.1.2.3 compared", "RFC 8252 §8.4 complete-uri")
    )
    func exact() throws {
        let registered = try RedirectURI(registering: "https://app.example.com/callback?a=b")
        #expect(registered.matches("https://app.example.com/callback?a=b"))
        for other in [
            "https://app.example.com/callback", "https://app.example.com/callback?a=b&c=d",
            "https://app.example.com/callback/?a=b", "https://APP.example.com/callback?a=b",
            "https://app.example.com:443/callback?a=b", "http://app.example.com/callback?a=b",
            "https://app.example.com/%63allback?a=b", "https://app.example.com/callback?a=b#c",
            "https://app.example.com/x/../callback?a=b", " https://app.example.com/callback?a=b",
            "https://app.example.com/callback?a=b\u{301}", "",
        ] {
            #expect(!registered.matches(other), "\(other)")
        }
    }

    @Test(
        "only the port of a loopback address is free",
        .covers(
            "RFC 8252 §7.3 any-port",
            "RFC 8252 §7.3 both-families",
            "RFC 8252 §8.4 complete-uri"
        ),
        arguments: ["127.0.0.1", "[::1]", "localhost"]
    )
    func loopback(host: String) throws {
        for port in ["", ":3000"] {
            let registered = try RedirectURI(registering: "http://\(host)\(port)/cb?a=b")
            #expect(registered.isLoopback)
            for other in ["", ":1", ":3000", ":65535"] {
                #expect(registered.matches("http://\(host)\(other)/cb?a=b"))
            }
            for other in [
                "http://\(host):3000/cb", "http://\(host):3000/cb?a=c", "http://\(host):3000/",
                "https://\(host):3000/cb?a=b", "http://\(host):0/cb?a=b",
                "http://\(host):65536/cb?a=b", "http://\(host):/cb?a=b",
                "http://\(host):1@evil.example/cb?a=b", "http://\(host).evil.example/cb?a=b",
                "http://\(host):3000/cb?a=b#", "http://127.0.0.2:3000/cb?a=b",
                "http://evil.example:3000/cb?a=b",
            ] {
                #expect(!registered.matches(other), "\(other)")
            }
        }
    }

    @Test("one loopback name is not another", .covers("RFC 8252 §8.3 localhost"))
    func loopbackNames() throws {
        let registered = try RedirectURI(registering: "http://127.0.0.1/")
        #expect(!registered.matches("http://localhost/"))
        #expect(!registered.matches("http://[::1]/"))
        let secure = try RedirectURI(registering: "https://localhost:8443/")
        #expect(secure.isLoopback)
        #expect(!secure.matches("https://localhost:9443/"))
    }

    @Test(
        "its origin is written as browsers write it",
        arguments: [
            ("https://App.Example.com:443/callback", "https://app.example.com"),
            ("https://app.example.com:8443", "https://app.example.com:8443"),
            ("http://localhost:3000/cb", "http://localhost:3000"),
            ("http://localhost:80/cb", "http://localhost"),
            ("https://[2001:DB8::1]/", "https://[2001:db8::1]"),
        ]
    )
    func origin(text: String, origin: String) throws {
        #expect(try RedirectURI(registering: text).origin == origin)
    }

    @Test("an app's own scheme has no origin and no host")
    func privateScheme() throws {
        let uri = try RedirectURI(registering: "com.example.app://localhost/cb")
        #expect(uri.isPrivateScheme)
        #expect(!uri.isLoopback)
        #expect(uri.origin == nil)
        #expect(uri.host == nil)
        #expect(try RedirectURI(registering: "https://App.example.com/").host == "app.example.com")
    }
}
