import MartletProtocol
import MartletTesting

/// Servers that share a database and a master key, as they stand behind a load balancer.
struct Nodes {
    let servers: [ServerProcess]

    static let masterKey = Base64URL.encode([UInt8](repeating: 11, count: 32))

    /// - Parameter store: what their configuration says of it.
    init(_ count: Int, on store: String) throws {
        servers = try (0..<count).map { _ in try Self.node(on: store) }
    }

    static func node(
        on store: String,
        masterKey: String = Self.masterKey
    ) throws -> ServerProcess {
        try ServerProcess(
            configuration: App.configuration,
            // Whichever is asked, it speaks for all.
            environment: ["MARTLET_ISSUER": "http://localhost:8080"],
            store: store,
            masterKey: masterKey
        )
    }

    func start() async throws {
        for server in servers { try await server.start() }
    }

    func stop() {
        for server in servers { server.stop() }
    }

    /// Runs with a way to the first two of them.
    func with<Value: Sendable>(
        _ body: (TokenClient, TokenClient) async throws -> Value
    ) async throws -> Value {
        try await TokenClient.with(url: servers[0].url) { first in
            try await TokenClient.with(url: servers[1].url) { second in
                try await body(first, second)
            }
        }
    }
}
