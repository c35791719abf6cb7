import HTTPTypes
import MartletProtocol
import MartletTransport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A question to one of the issuer's endpoints for APIs, as this API: found through what the issuer
/// says of itself, over https alone, with an answer in JSON of a bounded size.
struct EndpointCall: Sendable {
    /// Why there is no answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        /// The status of an answer that was none; `nil` if it did not come to that.
        var status: Int?
    }

    let credentials: BasicCredentials
    /// Where it is, if it is not to be looked up.
    let endpoint: String?
    /// Under which name the issuer's metadata have it.
    let metadataName: String
    /// What it is called in sentences, with its article.
    let words: String
    let document: IssuerDocument
    let transport: any HTTPTransport

    func post(_ body: [UInt8], as contentType: String) async throws -> JSONValue {
        let address = try await address()
        guard let url = RequestAddress(address), RequestAddress.isConfidential(address) else {
            throw Failure(description: "\(subject) is not https.")
        }
        let request = HTTPRequest(
            method: .post,
            scheme: url.scheme,
            authority: url.authority,
            path: url.path,
            headerFields: [
                .accept: "application/json",
                .contentType: contentType,
                .authorization: credentials.headerValue.text,
            ]
        )
        let (answer, response) = try await transport.send(request, body: Data(body))
        let status = response.status.code
        guard status == 200 else {
            throw Failure(
                description: "\(subject) answered with \(status)."
                    + (status == 401 ? " Is the API's secret right?" : ""),
                status: status
            )
        }
        guard answer.count <= PublishedDocument.maximumSize else {
            throw Failure(description: "The answer of \(words) is too long.")
        }
        do {
            return try JSONValue(parsing: Array(answer))
        } catch {
            throw Failure(description: "The answer of \(words) is no JSON: \(error)")
        }
    }

    private var subject: String { words.prefix(1).uppercased() + words.dropFirst() }

    private func address() async throws -> String {
        if let endpoint { return endpoint }
        guard let address = try await document.json()[metadataName]?.string else {
            throw Failure(description: "The issuer's metadata has no \(metadataName).")
        }
        return address
    }
}
