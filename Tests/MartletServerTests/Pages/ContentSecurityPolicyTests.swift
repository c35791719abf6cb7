import Testing

@testable import MartletServer

@Suite("What a page's policy says of forms")
struct ContentSecurityPolicyTests {
    @Test(
        "a redirect URI is allowed by its origin, or by its scheme",
        arguments: [
            ("https://app.example/cb?x=1", "https://app.example"),
            ("https://App.Example:8443", "https://app.example:8443"),
            ("http://127.0.0.1:51004/", "http://127.0.0.1:51004"),
            ("http://[::1]:51004/", "http:"),
            ("com.example.photos:/cb", "com.example.photos:"),
            ("https://user@app.example/", "https://app.example"),
        ]
    )
    func sources(uri: String, source: String) {
        #expect(ContentSecurityPolicy.source(of: uri) == source)
    }

    @Test(
        "nothing that could end the directive gets in",
        arguments: [
            "", "no uri", "https://a.example;script-src *", "https://a b", "https://",
            "ht tp://a", "https://a,b", "://a", "1a:b", "https://a'b", "https://ä.example",
        ]
    )
    func hostile(uri: String) {
        let source = ContentSecurityPolicy.source(of: uri)
        #expect(source == nil, "\(source ?? "")")
    }

    @Test("targets stand beside ourselves")
    func directive() {
        let policy = ContentSecurityPolicy(
            scripting: .none,
            formTargets: ["https://app.example/cb", "bad one"]
        )
        #expect(policy.text.contains("form-action 'self' https://app.example;"))
    }
}
