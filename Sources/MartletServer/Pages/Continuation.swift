import MartletCore
import MartletProtocol

/// Where a person goes on after a page: always one of our own places, whatever a link says.
enum Continuation: Sendable {
    /// An authorization request, by its query and what was done for it so far.
    case authorization(query: String, notes: [InteractionNote])
    /// The device page, with what its query says.
    case device(query: String)
    case account

    /// The parameter that notes travel in; a client's own of this name is not read.
    static let noteName = "interaction"
    /// Longer requests than any client makes; they travel in the address line.
    static let maximumQuery = 16 * 1024
    private static let maximumNotes = 4

    /// Reads a `continue` field. What is none of our places leads to the account page.
    init(_ text: String?, issuerPath: String) {
        guard let text, text.utf8.count <= Self.maximumQuery, text.utf8.allSatisfy(Self.isPlain),
            text.hasPrefix(issuerPath)
        else {
            self = .account
            return
        }
        let parts = text.dropFirst(issuerPath.count)
            .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            .map(String.init)
        let query = parts.count == 2 ? parts[1] : ""
        switch parts[0] {
        case "/oauth/authorize": self.init(authorization: query)
        case PagePath.device.rawValue: self = .device(query: query)
        default: self = .account
        }
    }

    /// An authorization request's query, with or without notes.
    init(authorization text: String) {
        let pairs = text.split(separator: "&", omittingEmptySubsequences: true)
        let prefix = Self.noteName + "="
        self = .authorization(
            query: pairs.filter { !$0.hasPrefix(prefix) }.joined(separator: "&"),
            notes: pairs.filter { $0.hasPrefix(prefix) }.prefix(Self.maximumNotes)
                .compactMap { InteractionNote(String($0.dropFirst(prefix.utf8.count))) }
        )
    }

    /// The same after one more thing was done for it.
    func adding(_ note: InteractionNote) -> Continuation {
        switch self {
        case .authorization(let query, let notes):
            .authorization(query: query, notes: (notes + [note]).suffix(Self.maximumNotes))
        case .device, .account: self
        }
    }

    /// What follows the question mark, without notes.
    var query: String {
        switch self {
        case .authorization(let query, _), .device(let query): query
        case .account: ""
        }
    }

    /// The local path that it stands for.
    func path(issuerPath: String) -> String {
        switch self {
        case .authorization(let query, let notes):
            let marks = notes.map { "\(Self.noteName)=\($0.text)" }
            return issuerPath + "/oauth/authorize?"
                + ([query] + marks).filter { !$0.isEmpty }.joined(separator: "&")
        case .device(let query):
            return issuerPath + PagePath.device.rawValue + (query.isEmpty ? "" : "?" + query)
        case .account:
            return issuerPath + PagePath.account.rawValue
        }
    }

    /// Printable ASCII without what a browser may take for something else in a path.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "#")
    }
}
