public import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Sends one HTTP request and receives the whole answer: all that the client needs of a network.
///
/// On Linux ``AsyncHTTPClientTransport`` does it, on Apple's platforms `URLSessionTransport`. One of
/// your own is a few lines; what it has to hold is this: it does not follow redirects (a form with a
/// refresh token in it must not travel on), it bounds time and size, and it throws if and only if
/// there was no complete answer.
public protocol HTTPTransport: Sendable {
    /// Sends a request.
    ///
    /// - Parameters:
    ///   - request: The request; its scheme and authority say where it goes.
    ///   - body: The body; empty for none.
    /// - Returns: The answer, whatever its status.
    /// - Throws: Whatever kept the answer away. The request may have been carried out all the same.
    func send(_ request: HTTPRequest, body: Data) async throws -> (Data, HTTPResponse)
}

extension HTTPRequest {
    /// A request for an absolute address.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - url: The address; a fragment in it is not sent.
    ///   - headerFields: The header.
    public init(_ method: Method, _ url: URL, headerFields: HTTPFields = [:]) {
        let address = RequestAddress(url.absoluteString)
        self.init(
            method: method,
            scheme: address?.scheme,
            authority: address?.authority,
            path: address?.path,
            headerFields: headerFields
        )
    }

    /// Whether what is secret may be sent there: the connection is encrypted, or leaves the machine
    /// never.
    var isConfidential: Bool {
        guard let authority else { return false }
        return RequestAddress.isConfidential(scheme: scheme ?? "", authority: authority)
    }

    /// Where it goes, as one text.
    var address: String { "\(scheme ?? "")://\(authority ?? "")\(path ?? "/")" }
}

/// An absolute http address, taken apart as a request needs it.
struct RequestAddress {
    let scheme: String
    let authority: String
    /// Path and query.
    let path: String

    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        let rest = text[colon.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let path = rest[authority.endIndex...]
        scheme = text[..<colon.lowerBound].lowercased()
        self.authority = String(authority)
        self.path = path.first == "/" ? String(path) : "/" + path
    }

    /// Whether an address is https, or http on loopback (RFC 8252 §7.3).
    static func isConfidential(_ text: String) -> Bool {
        guard let address = RequestAddress(text) else { return false }
        return isConfidential(scheme: address.scheme, authority: address.authority)
    }

    static func isConfidential(scheme: String, authority: String) -> Bool {
        guard !authority.isEmpty, !authority.contains("@") else { return false }
        switch scheme.lowercased() {
        case "https": return true
        case "http":
            let host = host(of: authority)
            return ["localhost", "127.0.0.1", "[::1]"].contains(host.lowercased())
        case _: return false
        }
    }

    private static func host(of authority: String) -> Substring {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return authority[...end]
        }
        return authority.prefix { $0 != ":" }
    }
}
