import HTTPTypes
import Hummingbird
import MartletServer

/// The demo's page: a single-page app of plain modules, compiled in like every other page, and under
/// the same policy: nothing inline, nothing from elsewhere.
struct DemoPage {
    /// Where its files are.
    static let folder = "/demo/"

    /// Nothing inline, and nothing from or to elsewhere.
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        + "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

    let site: PageSite

    /// The page itself.
    func answer() -> Response {
        var html = String(decoding: PackageResources.page_html, as: UTF8.self)
        for (name, path) in [("STYLE_SHEET", site.styleSheetPath), ("LOGO", site.logoPath)] {
            html.replace(name, with: path)
        }
        var response = Self.answer(Array(html.utf8), "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = Self.policy
        return response
    }

    /// A file that the page refers to.
    static func answer(_ file: DemoFile) -> Response {
        answer(file.bytes, file.contentType)
    }

    private static func answer(_ bytes: [UInt8], _ contentType: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: contentType, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}

/// A file of the demo's page, by its name.
enum DemoFile: String, CaseIterable {
    case style = "demo.css"
    case english = "en.json"
    case german = "de.json"
    case main = "main.js"
    case session = "session.js"
    case tokens = "tokens.js"
    case store = "store.js"
    case feed = "feed.js"
    case life = "life.js"
    case drawing = "drawing.js"
    case story = "story.js"
    case view = "view.js"
    case words = "words.js"

    var contentType: String {
        switch self {
        case .style: "text/css; charset=utf-8"
        case .english, .german: "application/json"
        case .main, .session, .tokens, .store, .feed, .life, .drawing, .story, .view, .words:
            "text/javascript; charset=utf-8"
        }
    }

    var bytes: [UInt8] {
        switch self {
        case .style: PackageResources.demo_css
        case .english: PackageResources.en_json
        case .german: PackageResources.de_json
        case .main: PackageResources.main_js
        case .session: PackageResources.session_js
        case .tokens: PackageResources.tokens_js
        case .store: PackageResources.store_js
        case .feed: PackageResources.feed_js
        case .life: PackageResources.life_js
        case .drawing: PackageResources.drawing_js
        case .story: PackageResources.story_js
        case .view: PackageResources.view_js
        case .words: PackageResources.words_js
        }
    }
}
