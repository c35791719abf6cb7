import Foundation
import MartletProtocol

@testable import MartletCore

extension Harness {
    /// A redirect URI that is registered, and after a zero byte one that a request asks for.
    static let address = Harness(name: "address") { bytes in
        let texts = bytes.pieces.map(\.text)
        try URIRules.checkURI(texts[0])
        try URIRules.checkRegistration(of: texts[0], requested: texts.count > 1 ? texts[1] : "")
    }
}

/// What holds of addresses of clients.
private enum URIRules {
    static func checkURI(_ text: String) throws {
        guard let uri = try? AbsoluteURI(text) else { return }
        try require(uri.text.isSameText(as: text), "a URI is kept as it was written")
        try require(text.utf8.allSatisfy { 0x21..<0x7F ~= $0 }, "a URI is visible ASCII")
        let foreign = try require(URLComponents(string: text), "a URI is one to Foundation too")
        try require(
            foreign.scheme?.lowercased() == uri.scheme,
            "the scheme is the one that Foundation reads"
        )
        try require(
            foreign.user == nil && foreign.password == nil && foreign.fragment == nil,
            "Foundation finds neither user nor fragment"
        )
        try require(
            (foreign.percentEncodedHost ?? "").lowercased() == (uri.host ?? ""),
            "the host is the one that Foundation reads"
        )
        try require(
            foreign.port == uri.port.map(Int.init),
            "the port is the one that Foundation reads"
        )
        // Brackets in a path are no RFC 3986; Foundation encodes them, and percent signs with them.
        guard !uri.pathAndQuery.contains(where: { "[]".contains($0) }) else { return }
        let rest = foreign.percentEncodedPath + (foreign.percentEncodedQuery.map { "?" + $0 } ?? "")
        try require(rest == uri.pathAndQuery, "so is the rest")
    }

    static func checkRegistration(of text: String, requested: String) throws {
        guard let registered = try? RedirectURI(registering: text) else { return }
        try require(registered.matches(text), "a registered address is matched by itself")
        let uri = try AbsoluteURI(text)
        try require(
            registered.isPrivateScheme
                ? uri.scheme.contains(".")
                : uri.scheme == "https" || uri.scheme == "http" && uri.isLoopback,
            "no address runs a script or leaves the machine unprotected"
        )
        try checkOrigin(of: registered, uri)
        guard registered.matches(requested), !requested.isSameText(as: text) else { return }
        let other = try AbsoluteURI(requested)
        try require(
            registered.isLoopback && uri.scheme == "http" && other.scheme == "http"
                && other.host == uri.host && other.pathAndQuery == uri.pathAndQuery,
            "an address is matched by another port of the same machine only"
        )
    }

    private static func checkOrigin(of registered: RedirectURI, _ uri: AbsoluteURI) throws {
        guard let origin = registered.origin else { return }
        let again = try AbsoluteURI(origin)
        let standard: UInt16 = uri.scheme == "https" ? 443 : 80
        try require(
            again.scheme == uri.scheme && again.host == uri.host && again.pathAndQuery.isEmpty
                && (again.port ?? standard) == (uri.port ?? standard),
            "an origin is scheme, host and port of the address"
        )
    }
}
