import MartletCore
import Testing

@testable import MartletServer

/// Names, codes and links that try to be a part of the page.
@Suite("Names from outside")
struct HostileNamesTests {
    static let names = [
        #"<script>alert(1)</script>"#, #""><img src=x onerror=alert(1)>"#,
        #"' onfocus='alert(1)"#, "\"\u{301} autofocus onfocus=alert(1) x=\"\u{301}",
        "<\u{200D}script>", "&lt;b&gt;", "{{csrf}}", "{{{t.signIn}}}", "{{>login}}",
        "a\u{202E}moc.elpmaxe\u{2066}", "line\nbreak\u{2028}", "\u{0}\u{1B}[31m",
        String(repeating: "ﷺ", count: 5000), "", " ", "javascript:alert(1)",
    ]

    private func pages(_ name: String) -> [any Page] {
        let client = ClientCard(
            name: name,
            uri: name,
            termsOfService: name,
            privacyPolicy: name,
            standing: .unverified(redirectHost: name)
        )
        let scopes = [ScopeLine(name: name, sentence: name), ScopeLine(name: name, isNew: true)]
        return signIn(name) + consent(name, client, scopes) + [account(name, scopes)] + rest(name)
    }

    private func signIn(_ name: String) -> [any Page] {
        [LoginPage.Mode.signIn(username: name), .again(username: name)].map { mode in
            LoginPage(
                purpose: .app(name: name),
                mode: mode,
                problem: .wrongPassword,
                canCancel: true,
                csrf: name,
                continuation: name
            )
        } + [
            SelectAccountPage(
                clientName: name,
                accountName: name,
                csrf: name,
                continuation: name
            )
        ]
    }

    private func consent(
        _ name: String,
        _ client: ClientCard,
        _ scopes: [ScopeLine]
    ) -> [any Page] {
        [
            ConsentPage(
                client: client,
                accountName: name,
                scopes: scopes,
                isOffline: true,
                csrf: name,
                continuation: name
            ),
            DevicePage(userCode: name, problem: .unknownCode, csrf: name),
            DeviceConfirmPage(
                client: client,
                accountName: name,
                userCode: name,
                device: Origin(address: name, userAgent: name),
                scopes: scopes,
                csrf: name
            ),
            DeviceDonePage(outcome: .allowed, clientName: name),
        ]
    }

    private func account(_ name: String, _ scopes: [ScopeLine]) -> any Page {
        AccountPage(
            username: name,
            fullName: name,
            detail: name,
            notice: nil,
            sessions: .init(
                elements: [
                    .init(
                        id: name,
                        clientName: name,
                        userAgent: name,
                        address: name,
                        startedAt: SamplePages.now,
                        lastUsedAt: SamplePages.now,
                        expiresAt: SamplePages.now,
                        isCurrent: true
                    )
                ],
                next: "?\(name)"
            ),
            apps: .init(
                elements: [
                    .init(id: name, name: name, uri: name, scopes: scopes, since: SamplePages.now)
                ],
                next: nil
            ),
            history: .init(
                elements: [
                    .init(
                        kind: .sessionEnded(app: name, .reuse),
                        at: SamplePages.now,
                        address: name,
                        userAgent: name
                    )
                ],
                next: nil
            ),
            choosesPassword: true,
            minimumPasswordLength: 8,
            csrf: name
        )
    }

    private func rest(_ name: String) -> [any Page] {
        [
            LogoutConfirmPage(
                accountName: name,
                clientName: name,
                csrf: name,
                continuation: name
            ),
            FormPostPage(
                clientName: name,
                target: "https://photos.example.com/callback",
                parameters: [.init(name: name, value: name)]
            ),
            ProblemPage(problem: .badRequest, detail: name, way: .app(name: name, uri: name)),
        ]
    }

    @Test("stay text, wherever they stand", .covers("RFC 6749 §10.14 sanitized"), arguments: names)
    func stayText(name: String) throws {
        for page in pages(name) {
            let html = try HTMLReader(page.html())
            #expect(html.all("script").count == (page is FormPostPage ? 1 : 0))
            #expect(html.all("img").count == 1)
            #expect(!html.elements.contains { $0.attributes.keys.contains { $0.hasPrefix("on") } })
            #expect(html.all("a").allSatisfy { $0["href"]?.hasPrefix("javascript") == false })
        }
    }

    @Test("come back from a form's fields as they went in", .covers("RFC 6749 §10.14 sanitized"))
    func fieldsAreFaithful() throws {
        for name in Self.names where !name.isEmpty {
            let page = DevicePage(userCode: name, problem: nil, csrf: name)
            let html = try HTMLReader(page.html())
            let values = html.all("input").compactMap { $0["value"] }
            #expect(values.allSatisfy { Array($0.utf8) == Array(name.utf8) })
        }
    }

    @Test("lose what would steer the writing, and are cut")
    func shown() {
        #expect("a\u{202E}b\u{2066}c\u{200F}".shown() == "abc")
        #expect("a\nb\u{0}".shown() == "ab")
        #expect("Zoë 日本 👩‍👩‍👧".shown() == "Zoë 日本 👩‍👩‍👧")
        #expect(
            String(repeating: "x", count: 90).shown() == String(repeating: "x", count: 80) + "…"
        )
    }

    @Test("only https pages are linked to, and only their host is shown")
    func links() {
        #expect("https://a.example/x".asLink == "https://a.example/x")
        #expect("http://a.example/x".asLink == nil)
        #expect("javascript:alert(1)".asLink == nil)
        #expect("https://bank.example@evil.example/".shownHost == "evil.example")
        #expect("https://A.example:8443/x".shownHost == "a.example")
        #expect("app.photos:/callback".shownHost == nil)
    }
}
