import HTTPTypes
import MartletProtocol
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The server's endpoints over HTTP: what is fetched from it once and kept, and the forms that are
/// posted to it.
final class Endpoints: Sendable {
    /// The longest answer of an authorization server that is believed to be one: its largest, a key
    /// set or metadata, have some kilobytes.
    static let maximumSize = 1024 * 1024
    /// How long metadata is good before it is fetched anew.
    static let metadataLifetime: Duration = .seconds(600)

    private struct Known {
        var metadata: ServerMetadata?
        /// `nil` for metadata that the app brought along: nothing is fetched.
        var goodUntil: Date?
    }

    let issuer: String
    let transport: any HTTPTransport
    private let surroundings: ClientSurroundings
    private let known: Mutex<Known>
    private let discovering = SharedWork<ServerMetadata>()
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
        known = Mutex(Known(metadata: metadata, goodUntil: nil))
    }

    // MARK: - Metadata and keys

    /// What is kept if it is good; else what the server says now; else, if it says nothing, what is
    /// kept.
    func metadata() async throws -> ServerMetadata {
        let known = known.withLock { $0 }
        if let metadata = known.metadata {
            guard let goodUntil = known.goodUntil, surroundings.now() >= goodUntil else {
                return metadata
            }
        }
        do {
            return try await discovering.value { [self] in try await discover() }
        } catch let error as ClientError where error.isTemporary {
            guard let metadata = known.metadata else { throw error }
            return metadata
        }
    }

    /// Both well-known addresses in turn: a server has one of them at least.
    private func discover() async throws -> ServerMetadata {
        var failure = ClientError(.unsupported, "The server at \(issuer) publishes no metadata.")
        for address in try ServerMetadata.addresses(of: issuer) {
            switch await get(address) {
            case .document(let json):
                let metadata = try ServerMetadata(json: json, issuer: issuer)
                let goodUntil = surroundings.now() + Self.metadataLifetime
                known.withLock { $0 = Known(metadata: metadata, goodUntil: goodUntil) }
                return metadata
            case .absent:
                continue
            case .none(let error):
                failure = error
            }
        }
        throw failure
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

    /// What a GET brought.
    private enum Document {
        case document(JSONValue)
        /// The server says that there is nothing here.
        case absent
        case none(ClientError)
    }

    private func get(_ address: String) async -> Document {
        guard let url = RequestAddress(address), RequestAddress.isConfidential(address) else {
            return .none(ClientError(.insecure, "The address \(address) is not https."))
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
            if status == 200, body.count <= Self.maximumSize,
                let json = try? JSONValue(parsing: Array(body))
            {
                return .document(json)
            }
            return (400..<500).contains(status) && status != 429
                ? .absent
                : .none(.noAnswer("The server answered \(address) with \(status)."))
        } catch {
            return .none(.noAnswer("There was no answer from \(address).", error))
        }
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
                body: answer.count <= Self.maximumSize ? Array(answer) : []
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
