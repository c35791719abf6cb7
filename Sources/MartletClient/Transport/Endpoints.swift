import HTTPTypes
import MartletProtocol
import MartletTransport
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The server's endpoints over HTTP: what is fetched from it once and kept, and the forms that are
/// posted to it.
final class Endpoints: Sendable {
    let issuer: String
    let transport: any HTTPTransport
    private let surroundings: ClientSurroundings
    /// What the app brought along; then nothing is asked.
    private let brought: ServerMetadata?
    private let document: IssuerDocument
    private let keySet: Mutex<(uri: String, keys: FetchedKeySet)?> = Mutex(nil)

    init(
        issuer: String,
        transport: any HTTPTransport,
        surroundings: ClientSurroundings,
        metadata: ServerMetadata?
    ) {
        self.issuer = issuer
        self.transport = transport
        self.surroundings = surroundings
        brought = metadata
        let now = surroundings.now
        document = IssuerDocument(
            issuer: issuer,
            transport: transport,
            secondsSince1970: { now().timeIntervalSince1970 }
        )
    }

    // MARK: - Metadata and keys

    /// What is kept if it is good; else what the server says now; else, if it says nothing, what is
    /// kept.
    func metadata() async throws -> ServerMetadata {
        if let brought { return brought }
        let json: JSONValue
        do {
            json = try await document.json()
        } catch let failure as IssuerDocument.Failure {
            throw ClientError(failure, of: issuer)
        }
        return try ServerMetadata(json: json, issuer: issuer)
    }

    /// The keys that the issuer signs with.
    func keys() async throws -> FetchedKeySet {
        guard let uri = try await metadata().keySetURI else {
            throw ClientError(.unsupported, "The server's metadata has no jwks_uri.")
        }
        return keySet.withLock { kept in
            if let kept, kept.uri == uri { return kept.keys }
            let keys = fetchedKeySet(at: uri)
            kept = (uri, keys)
            return keys
        }
    }

    private func fetchedKeySet(at uri: String) -> FetchedKeySet {
        let now = surroundings.now
        return FetchedKeySet(secondsSince1970: { now().timeIntervalSince1970 }) { [weak self] in
            guard let self else { throw CancellationError() }
            switch await get(uri) {
            case .document(let json): return try JSONWebKeySet(json: json)
            case .absent: throw ClientError(.unsupported, "The server publishes no keys.")
            case .none(let error): throw error
            }
        }
    }

    // MARK: - Requests

    private func get(_ address: String) async -> Document {
        switch await PublishedDocument.get(address, by: transport) {
        case .document(let json): .document(json)
        case .absent: .absent
        case .insecure: .none(ClientError(.insecure, "The address \(address) is not https."))
        case .none(let sentence, let underlying): .none(.noAnswer(sentence, underlying))
        }
    }

    /// What a GET brought, in the client's words.
    private enum Document {
        case document(JSONValue)
        /// The server says that there is nothing here.
        case absent
        case none(ClientError)
    }

    /// Posts a form, as this client.
    ///
    /// - Throws: ``ClientError``: ``ClientError/Code/offline`` without an answer; `CancellationError`
    ///   if the task was cancelled meanwhile.
    func post(
        _ form: [(name: String, value: String)],
        to address: String,
        as client: OAuthClient
    ) async throws -> FormAnswer {
        guard let url = RequestAddress(address), RequestAddress.isConfidential(address) else {
            throw ClientError(.insecure, "The address \(address) is not https.")
        }
        var form = form
        var header: HTTPFields = [
            .accept: "application/json", .contentType: "application/x-www-form-urlencoded",
        ]
        switch client.authentication.method {
        case .none:
            form.append((WireName.clientID, client.clientID))
        case .basic(let secret):
            let credentials = BasicCredentials(clientID: client.clientID, secret: secret)
            header[.authorization] = credentials.headerValue.text
        case .post(let secret):
            form.append((WireName.clientID, client.clientID))
            form.append((WireName.clientSecret, secret.text))
        }
        let request = HTTPRequest(
            method: .post,
            scheme: url.scheme,
            authority: url.authority,
            path: url.path,
            headerFields: header
        )
        do {
            let body = Data(FormText.encode(form).utf8)
            let (answer, response) = try await transport.send(request, body: body)
            return FormAnswer(
                status: response.status.code,
                header: response.headerFields,
                body: answer.count <= PublishedDocument.maximumSize ? Array(answer) : []
            )
        } catch {
            try Task.checkCancellation()
            throw ClientError.noAnswer("There was no answer from \(address).", error)
        }
    }
}

/// What the server answered a form with.
struct FormAnswer: Sendable {
    let status: Int
    let header: HTTPFields
    let body: [UInt8]
}

extension ClientError {
    /// There was no answer, or none that says anything.
    static func noAnswer(_ description: String, _ underlying: (any Error)? = nil) -> ClientError {
        if let error = underlying as? ClientError { return error }
        return ClientError(.offline, description, underlying: underlying)
    }
}

extension ClientError {
    init(_ failure: IssuerDocument.Failure, of issuer: String) {
        switch failure {
        case .insecure:
            self.init(.insecure, "The issuer \(issuer) is not an https address.")
        case .absent:
            self.init(.unsupported, "The server at \(issuer) publishes no metadata.")
        case .foreign:
            self.init(.untrusted, "The server's metadata names another issuer than \(issuer).")
        case .none(let sentence, let underlying):
            self = .noAnswer(sentence, underlying)
        }
    }
}
