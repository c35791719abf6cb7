import HTTPTypes
import MartletProtocol
import MartletTransport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One question to the introspection endpoint, as this API (RFC 7662 §2.1).
struct IntrospectionCall: Sendable {
    /// Why there is no answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        /// Whether it is this token that the endpoint cannot answer about; else it answers nobody.
        var concernsToken = false
    }

    let credentials: BasicCredentials
    let endpoint: String?
    let document: IssuerDocument
    let transport: any HTTPTransport

    /// What the issuer answered, as it stands.
    func answer(about token: String) async throws -> JSONValue {
        let address = try await address()
        guard let url = RequestAddress(address), RequestAddress.isConfidential(address) else {
            throw Failure(description: "The introspection endpoint is not https.")
        }
        let request = HTTPRequest(
            method: .post,
            scheme: url.scheme,
            authority: url.authority,
            path: url.path,
            headerFields: [
                .accept: "application/json",
                .contentType: "application/x-www-form-urlencoded",
                .authorization: credentials.headerValue.text,
            ]
        )
        let form = FormText.encode([
            (WireName.token, token), (WireName.tokenTypeHint, WireName.accessToken),
        ])
        let (body, response) = try await transport.send(request, body: Data(form.utf8))
        let status = response.status.code
        guard status == 200 else {
            throw Failure(
                description: "The introspection endpoint answered with \(status)."
                    + (status == 401 ? " Is the API's secret right?" : ""),
                concernsToken: status == 400
            )
        }
        guard body.count <= PublishedDocument.maximumSize else {
            throw Failure(description: "The introspection endpoint's answer is too long.")
        }
        do {
            return try JSONValue(parsing: Array(body))
        } catch {
            throw Failure(description: "The introspection endpoint's answer is no JSON: \(error)")
        }
    }

    private func address() async throws -> String {
        if let endpoint { return endpoint }
        let name = ServerMetadataName.introspectionEndpoint
        guard let address = try await document.json()[name]?.string else {
            throw Failure(description: "The issuer's metadata has no introspection endpoint.")
        }
        return address
    }
}
