import HTTPTypes
package import MartletProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a server publishes at an address, as a GET brought it: metadata, or a key set.
package enum PublishedDocument: Sendable {
    case document(JSONValue)
    /// The server says that there is nothing here.
    case absent
    /// The address is neither https nor on loopback, so it was not asked.
    case insecure
    /// No answer, or none that says anything: it may be another one later.
    case none(String, underlying: (any Error)?)

    /// The longest answer of an authorization server that is believed to be one: its largest, a key
    /// set or metadata, have some kilobytes.
    package static let maximumSize = 1024 * 1024

    /// Asks for the document at an address.
    package static func get(
        _ address: String,
        by transport: any HTTPTransport
    ) async -> PublishedDocument {
        guard let url = RequestAddress(address), RequestAddress.isConfidential(address) else {
            return .insecure
        }
        let request = HTTPRequest(
            method: .get,
            scheme: url.scheme,
            authority: url.authority,
            path: url.path,
            headerFields: [.accept: "application/json"]
        )
        do {
            let (body, response) = try await transport.send(request, body: Data())
            let status = response.status.code
            if status == 200, body.count <= maximumSize,
                let json = try? JSONValue(parsing: Array(body))
            {
                return .document(json)
            }
            return (400..<500).contains(status) && status != 429
                ? .absent
                : .none("The server answered \(address) with \(status).", underlying: nil)
        } catch {
            return .none("There was no answer from \(address).", underlying: error)
        }
    }
}
