import HTTPTypes
import Hummingbird
import MartletCore
import Testing

@testable import MartletServer

/// What holds for every page in every state and language.
@Suite("Every page")
struct PageRulesTests {
    static let cases = SamplePages.all.flatMap { sample in
        Language.allCases.map { (sample, $0) }
    }

    @Test("is well-formed, says its language, and has one title and one heading", arguments: cases)
    func structure(sample: SamplePage, language: Language) throws {
        let html = try HTMLReader(sample.page.html(in: language))
        #expect(html.all("html").first?["lang"] == language.rawValue)
        #expect(html.all("title").map(\.text).count == 1)
        #expect(html.all("title").first?.text.hasSuffix(" · Martlet") == true)
        #expect(html.all("h1").count == 1)
        #expect(html.all("main").count == 1)
        let ids = html.elements.compactMap { $0["id"] }
        #expect(Set(ids).count == ids.count)
    }

    @Test("has no inline code, no inline style and nothing from elsewhere", arguments: cases)
    func policy(sample: SamplePage, language: Language) throws {
        let html = try HTMLReader(sample.page.html(in: language))
        #expect(html.all("style", "iframe", "object", "embed", "base", "svg").isEmpty)
        for element in html.elements {
            #expect(element["style"] == nil)
            #expect(!element.attributes.keys.contains { $0.hasPrefix("on") })
        }
        for script in html.all("script") {
            #expect(script.text.isEmpty)
            #expect(script["src"]?.hasPrefix("/assets/") == true)
        }
        for loaded in html.all("link", "img", "script") {
            let address = loaded["href"] ?? loaded["src"]
            #expect(address?.hasPrefix("/assets/") == true)
        }
    }

    @Test("names each field with a label, and tells browsers what to fill in", arguments: cases)
    func fields(sample: SamplePage, language: Language) throws {
        let html = try HTMLReader(sample.page.html(in: language))
        let labels = Set(html.all("label").compactMap { $0["for"] })
        let ids = Set(html.elements.compactMap { $0["id"] })
        for input in html.all("input") where input["type"] != "hidden" && input["hidden"] == nil {
            #expect(labels.contains(input["id"] ?? ""))
            #expect(input["autocomplete"] != nil)
            #expect(input["maxlength"] != nil)
        }
        for element in html.elements {
            let pointedAt = [element["aria-describedby"], element["aria-labelledby"]]
                .compactMap { $0 }.flatMap { $0.split(separator: " ") }
            for id in pointedAt { #expect(ids.contains(String(id)), "\(id)") }
        }
        #expect(html.elements.filter { $0["autofocus"] != nil }.count <= 1)
    }

    @Test("hides what is hidden from every reader, whatever else its style sheet says of it")
    func hidden() throws {
        let style = String(decoding: StyleSheet(accent: .standard).bytes, as: UTF8.self)
        #expect(style.contains("[hidden] {\n  display: none !important;\n}"))
    }

    @Test("sends its forms by POST with the CSRF field, to a path of ours", arguments: cases)
    func forms(sample: SamplePage, language: Language) throws {
        let html = try HTMLReader(sample.page.html(in: language))
        let forms = html.all("form")
        #expect(forms.allSatisfy { $0["method"] == "post" })
        guard !(sample.page is FormPostPage) else { return }
        let paths = PagePath.allCases.map(\.rawValue)
        #expect(forms.allSatisfy { paths.contains($0["action"] ?? "") })
        let csrf = html.all("input").filter { $0["name"] == PageField.csrf }
        #expect(csrf.count == forms.count)
    }

    @Test("has no placeholder left in its words", arguments: cases)
    func placeholders(sample: SamplePage, language: Language) throws {
        let html = sample.page.html(in: language)
        #expect(!html.contains("{") && !html.contains("}"))
    }

    @Test(
        "is kept by nobody and framed by nobody",
        .covers("RFC 6749 §10.13 clickjacking", "OIDC Core §3.1.2.3 csrf"),
        arguments: SamplePages.all
    )
    func headers(sample: SamplePage) throws {
        let response = sample.page.render(in: PageSite.sample.surroundings(in: .german))
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[.contentType] == "text/html; charset=utf-8")
        #expect(response.headers[.contentLanguage] == "de")
        let policy = try #require(response.headers[.contentSecurityPolicy])
        #expect(policy.contains("default-src 'none'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(policy.contains("base-uri 'none'"))
        #expect(!policy.contains("unsafe"))
        #expect(policy.contains("script-src") == (sample.page is FormPostPage))
    }

    @Test("that carries an answer in a form may send it to the app, and nowhere else")
    func formPostTarget() throws {
        let page = FormPostPage(
            clientName: "App",
            target: "https://app.example.com/callback",
            parameters: [.init(name: "code", value: "c")]
        )
        let response = page.render(in: PageSite.sample.surroundings(in: .english))
        let policy = try #require(response.headers[.contentSecurityPolicy])
        #expect(policy.contains("form-action 'self' https://app.example.com;"))
    }

    @Test("lives below the issuer's path")
    func issuerPath() throws {
        let site = PageSite(issuerPath: "/auth", branding: .standard)
        for sample in SamplePages.all where !(sample.page is FormPostPage) {
            let html = try HTMLReader(sample.page.html(of: site))
            for form in html.all("form") {
                #expect(form["action"]?.hasPrefix("/auth/") == true)
            }
            for loaded in html.all("link", "img", "script") {
                let address = loaded["href"] ?? loaded["src"]
                #expect(address?.hasPrefix("/auth/assets/") == true)
            }
        }
    }
}
