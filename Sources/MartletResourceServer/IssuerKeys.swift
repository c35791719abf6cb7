public import MartletProtocol
public import MartletTransport

/// The keys of an issuer over HTTP, found through what the issuer says of itself.
///
/// The issuer's metadata must name the issuer itself (RFC 8414 §3.3), else nothing of it is believed.
/// When keys are fetched, and how long they are kept while the issuer is down, is the business of
/// `FetchedKeySet`: no request waits for a key that is at hand, one fetch runs at a time, and forged
/// key names bring about one in half a minute at most.
public struct IssuerKeys: KeySource {
    private let fetched: FetchedKeySet

    /// Why there are no keys.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The keys of an issuer. Nothing is asked before the first use.
    ///
    /// - Parameters:
    ///   - issuer: The issuer's URL, exactly as its metadata has it.
    ///   - keySetURI: Where the keys are, for an issuer that publishes no metadata, or that is
    ///     reached at another address from here.
    ///   - terms: How long keys are good, and how often they are asked for.
    ///   - transport: What sends requests; by default the platform's own.
    ///   - secondsSince1970: The clock; by default the system's.
    public init(
        issuer: String,
        keySetURI: String? = nil,
        terms: FetchedKeySet.Terms = FetchedKeySet.Terms(),
        transport: (any HTTPTransport)? = nil,
        secondsSince1970: @escaping @Sendable () -> Double = FetchedKeySet.systemClock
    ) {
        let transport = transport ?? StandardTransport.make()
        let document = IssuerDocument(
            issuer: issuer,
            transport: transport,
            secondsSince1970: secondsSince1970
        )
        fetched = FetchedKeySet(terms: terms, secondsSince1970: secondsSince1970) {
            let address: String
            if let keySetURI {
                address = keySetURI
            } else {
                address = try await Self.keySetURI(in: document)
            }
            return try await Self.keys(at: address, by: transport)
        }
    }

    /// The keys as they are known, without waiting.
    public func keysAtHand() -> JSONWebKeySet? { fetched.keysAtHand() }

    /// The keys after a look at the issuer, if the last one is not too recent.
    ///
    /// - Parameter keyID: The `kid` that was not found.
    /// - Returns: The keys; they may still lack that one.
    public func keys(missing keyID: String?) async throws -> JSONWebKeySet {
        try await fetched.keys(missing: keyID)
    }

    private static func keySetURI(in document: IssuerDocument) async throws -> String {
        guard let address = try await document.json()[ServerMetadataName.keySetURI]?.string else {
            throw Failure(description: "The issuer's metadata has no jwks_uri.")
        }
        return address
    }

    private static func keys(
        at address: String,
        by transport: any HTTPTransport
    ) async throws -> JSONWebKeySet {
        switch await PublishedDocument.get(address, by: transport) {
        case .document(let json): return try JSONWebKeySet(json: json)
        case .absent: throw Failure(description: "There are no keys at \(address).")
        case .insecure: throw Failure(description: "The address \(address) is not https.")
        case .none(let sentence, let underlying):
            throw Failure(description: sentence + (underlying.map { " \($0)" } ?? ""))
        }
    }
}
