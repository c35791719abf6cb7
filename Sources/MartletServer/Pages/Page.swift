import HTTPTypes
import Hummingbird
import NIOCore

/// What a person sees: a view model of plain values and the template that shows it.
///
/// A page holds no decision and reads no request. Whatever it shows comes from its own members;
/// everything is escaped on its way into HTML, whoever it came from.
protocol Page: Sendable {
    var template: PageTemplate { get }
    var status: HTTPResponse.Status { get }
    /// The scripts that the page brings; it works without them.
    var scripting: PageScripting { get }
    /// Where the page's forms may lead, beside ourselves.
    func formTargets(_ surroundings: PageSurroundings) -> [String]
    /// What stands in the window's title, before the name of the site.
    func title(in texts: Texts) -> String
    /// What the template shows, by the names that it uses.
    func content(in surroundings: PageSurroundings) -> PageContent
}

/// What a template shows, by name: texts, flags, further contents and lists of them. An absent name
/// is a section that is left out.
typealias PageContent = [String: Any]

/// Whether a page brings a script.
enum PageScripting {
    case none
    /// It submits its only form at once (RFC 6749's form_post answer).
    case submitsForm
}

extension Page {
    var status: HTTPResponse.Status { .ok }
    var scripting: PageScripting { .none }

    /// The page as an answer: HTML under a policy that allows nothing but what the page needs.
    func render(in surroundings: PageSurroundings) -> Response {
        var headers = CacheControl.noStore.headers(with: "text/html; charset=utf-8")
        headers[.contentLanguage] = surroundings.language.rawValue
        headers[.contentSecurityPolicy] =
            ContentSecurityPolicy(scripting: scripting, formTargets: formTargets(surroundings)).text
        let html = PageTemplates.standard.html(of: self, in: surroundings)
        return Response(
            status: status,
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: html))
        )
    }

    func formTargets(_ surroundings: PageSurroundings) -> [String] { surroundings.formTargets }
}
