public import MartletProtocol
public import MartletTransport

/// An app as its authorization server knows it: where to ask, and as whom.
///
/// ```swift
/// let client = OAuthClient(issuer: "https://login.example.com", clientID: "notes")
/// ```
///
/// Nothing is asked before the first use; then the server's metadata is fetched and kept. A client is
/// a small value that shares what it fetched with its copies. It speaks all the flows; what keeps
/// tokens alive afterwards is an ``OAuthSession``.
public struct OAuthClient: Sendable {
    /// How an app proves to the server that it is the one that was registered.
    public struct Authentication: Sendable {
        enum Method: Sendable {
            case none
            case basic(Secret)
            case post(Secret)
        }

        let method: Method

        private init(_ method: Method) {
            self.method = method
        }

        /// Not at all: apps in people's hands cannot keep a secret.
        public static let publicClient = Authentication(.none)

        /// With a secret in the `Authorization` header, as servers do by default.
        ///
        /// - Parameter secret: The client secret.
        public static func secret(_ secret: Secret) -> Authentication {
            Authentication(.basic(secret))
        }

        /// With a secret in the form (`client_secret_post`), where the client is registered so.
        ///
        /// - Parameter secret: The client secret.
        public static func secretInForm(_ secret: Secret) -> Authentication {
            Authentication(.post(secret))
        }
    }

    /// The issuer's URL.
    public let issuer: String

    /// The client's identifier at the issuer.
    public let clientID: String

    let authentication: Authentication
    let endpoints: Endpoints
    let surroundings: ClientSurroundings

    /// A client of a server that publishes its metadata.
    ///
    /// - Parameters:
    ///   - issuer: The issuer's URL, exactly as its metadata has it.
    ///   - clientID: The client's identifier there.
    ///   - authentication: How the client proves who it is.
    ///   - transport: What sends requests; by default the platform's own.
    public init(
        issuer: String,
        clientID: String,
        authentication: Authentication = .publicClient,
        transport: (any HTTPTransport)? = nil
    ) {
        self.init(
            issuer: issuer,
            clientID: clientID,
            authentication: authentication,
            transport: transport ?? StandardTransport.make(),
            surroundings: .system
        )
    }

    /// A client of a server whose metadata the app brings along.
    ///
    /// - Parameters:
    ///   - metadata: What the server would say of itself.
    ///   - clientID: The client's identifier there.
    ///   - authentication: How the client proves who it is.
    ///   - transport: What sends requests; by default the platform's own.
    public init(
        metadata: ServerMetadata,
        clientID: String,
        authentication: Authentication = .publicClient,
        transport: (any HTTPTransport)? = nil
    ) {
        self.init(
            issuer: metadata.issuer,
            clientID: clientID,
            authentication: authentication,
            transport: transport ?? StandardTransport.make(),
            surroundings: .system,
            metadata: metadata
        )
    }

    package init(
        issuer: String,
        clientID: String,
        authentication: Authentication,
        transport: any HTTPTransport,
        surroundings: ClientSurroundings,
        metadata: ServerMetadata? = nil
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.authentication = authentication
        self.surroundings = surroundings
        endpoints = Endpoints(
            issuer: issuer,
            transport: transport,
            surroundings: surroundings,
            metadata: metadata
        )
    }

    /// The server's metadata, fetched if need be.
    ///
    /// - Returns: The document, at most ten minutes old, or older if the server cannot be reached.
    /// - Throws: ``ClientError``.
    public func metadata() async throws -> ServerMetadata {
        try await endpoints.metadata()
    }
}
