public import HTTPTypes

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Sends one HTTP request and receives the whole answer: all that Martlet's libraries for apps and
/// APIs need of a network.
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
    package var isConfidential: Bool {
        guard let authority else { return false }
        return RequestAddress.isConfidential(scheme: scheme ?? "", authority: authority)
    }

    /// Where it goes, as one text.
    package var address: String { "\(scheme ?? "")://\(authority ?? "")\(path ?? "/")" }
}
