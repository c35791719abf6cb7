import Mustache

/// The templates, by the names of their files.
enum PageTemplate: String, CaseIterable {
    case login, selectAccount, consent, device, deviceConfirm, deviceDone, account
    case logoutConfirm, loggedOut, formPost, problem
    /// What is around every page.
    case layout
    /// Pieces that several pages use.
    case part, time, alert, fields, scopes, client, caution, links
}

/// All templates and all languages, read once.
struct PageTemplates: Sendable {
    private let library: MustacheLibrary
    private let texts: [Language: Texts]

    static let standard = PageTemplates()

    private init() {
        MustacheContentTypes.register(StrictHTML(), named: StrictHTML.name)
        library = MustacheLibrary(
            templates: Dictionary(
                uniqueKeysWithValues: PageTemplate.allCases.map { ($0.rawValue, Self.read($0)) }
            )
        )
        texts = Dictionary(uniqueKeysWithValues: Language.allCases.map { ($0, Texts($0)) })
    }

    func texts(in language: Language) -> Texts { texts[language] ?? Texts(language) }

    /// The page as HTML.
    func html(of page: some Page, in surroundings: PageSurroundings) -> String {
        let texts = surroundings.texts
        let site = surroundings.site
        var content = page.content(in: surroundings)
        content["t"] = texts.messages
        content["lang"] = texts.language.rawValue
        content["title"] = page.title(in: texts)
        content["siteName"] = site.branding.name
        content["styleSheet"] = site.assets.styleSheet.path
        content["logo"] = site.assets.logo.path
        content["logoType"] = site.assets.logo.contentType
        content["ownLogo"] = site.branding.logo != nil
        switch page.scripting {
        case .none: break
        case .submitsForm: content["script"] = site.assets.submission.path
        }
        guard let html = library.render(content, withTemplate: page.template.rawValue) else {
            preconditionFailure("there is no template \(page.template.rawValue)")
        }
        return html
    }

    /// Our own file, which the tests hold readable. The engine's escaping is left before the first
    /// character of each: it starts anew in every one.
    private static func read(_ template: PageTemplate) -> MustacheTemplate {
        do {
            return try MustacheTemplate(
                string: "{{% CONTENT_TYPE: \(StrictHTML.name)}}" + template.text
            )
        } catch {
            preconditionFailure("\(template.rawValue).mustache cannot be read: \(error)")
        }
    }
}

/// Escapes text for HTML, scalar by scalar.
///
/// The engine's own escaping goes by characters as people see them. A quotation mark with an accent
/// on it is another character to it, and is left as it is; to a browser it still ends the attribute.
struct StrictHTML: MustacheContentType {
    static let name = "STRICT_HTML"

    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}

extension PageTemplate {
    var text: String { String(decoding: file, as: UTF8.self) }

    private var file: [UInt8] {
        switch self {
        case .login: PackageResources.login_mustache
        case .selectAccount: PackageResources.selectAccount_mustache
        case .consent: PackageResources.consent_mustache
        case .device: PackageResources.device_mustache
        case .deviceConfirm: PackageResources.deviceConfirm_mustache
        case .deviceDone: PackageResources.deviceDone_mustache
        case .account: PackageResources.account_mustache
        case .logoutConfirm: PackageResources.logoutConfirm_mustache
        case .loggedOut: PackageResources.loggedOut_mustache
        case .formPost: PackageResources.formPost_mustache
        case .problem: PackageResources.problem_mustache
        case .layout: PackageResources.layout_mustache
        case .part: PackageResources.part_mustache
        case .time: PackageResources.time_mustache
        case .alert: PackageResources.alert_mustache
        case .fields: PackageResources.fields_mustache
        case .scopes: PackageResources.scopes_mustache
        case .client: PackageResources.client_mustache
        case .caution: PackageResources.caution_mustache
        case .links: PackageResources.links_mustache
        }
    }
}
