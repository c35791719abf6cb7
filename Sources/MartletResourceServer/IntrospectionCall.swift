import MartletProtocol
import MartletTransport

/// One question to the introspection endpoint, as this API (RFC 7662 §2.1).
struct IntrospectionCall: Sendable {
    /// Why there is no answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
        /// Whether it is this token that the endpoint cannot answer about; else it answers nobody.
        var concernsToken = false
    }

    private let call: EndpointCall

    init(
        credentials: BasicCredentials,
        endpoint: String?,
        document: IssuerDocument,
        transport: any HTTPTransport
    ) {
        call = EndpointCall(
            credentials: credentials,
            endpoint: endpoint,
            metadataName: ServerMetadataName.introspectionEndpoint,
            words: "the introspection endpoint",
            document: document,
            transport: transport
        )
    }

    /// What the issuer answered, as it stands.
    func answer(about token: String) async throws -> JSONValue {
        let form = FormText.encode([
            (WireName.token, token), (WireName.tokenTypeHint, WireName.accessToken),
        ])
        do {
            return try await call.post(Array(form.utf8), as: "application/x-www-form-urlencoded")
        } catch let failure as EndpointCall.Failure {
            throw Failure(
                description: failure.description,
                concernsToken: failure.status == 400
            )
        }
    }
}
