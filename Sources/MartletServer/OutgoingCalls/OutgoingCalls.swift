import AsyncHTTPClient
import MartletCore
import MartletProtocol
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// The one part that calls others: clients register where, so each call may be somebody's attempt
/// to have this server look where they cannot (server-side request forgery).
///
/// A call resolves the name, checks every address that it has, and connects to the very address
/// that it checked: a name that means something else a moment later changes nothing. It follows no
/// redirect, uses no proxy, waits for a bounded time, and looks at the answer's status only; of its
/// headers NIO reads 80 KiB at most, of its body nothing is kept.
final class OutgoingCalls: Sendable {
    /// At the same moment; each holds a connection and some memory.
    static let maximumConcurrent = 16
    /// For a whole call once the name is resolved.
    static let patience: TimeAmount = .seconds(10)
    /// For one address to take the connection.
    static let connectPatience: TimeAmount = .seconds(3)
    /// Of a name's addresses so many are tried: one of each family, and one more of each.
    static let maximumAddresses = 4
    /// A name with more is not one that a client is reached by.
    static let maximumResolved = 64

    /// Why there was no answer.
    enum Failure: Error, Sendable, Equatable {
        /// It is no URL to call, or one without TLS.
        case badURL
        /// The name has an address that is not called for this client.
        case forbiddenAddress
        case unknownHost
        /// Nobody there answered in time; the text is for the operator's log.
        case unreachable(String)
        /// Too many calls are being made.
        case busy
    }

    typealias Resolver = @Sendable (_ host: String) async throws -> [IPAddress]

    private let resolve: Resolver
    private let trustRoots: NIOSSLTrustRoots
    private let patience: TimeAmount
    private let connectPatience: TimeAmount
    private let inProgress = Mutex(0)

    init(
        trustRoots: NIOSSLTrustRoots = .default,
        patience: TimeAmount = OutgoingCalls.patience,
        connectPatience: TimeAmount = OutgoingCalls.connectPatience,
        resolve: @escaping Resolver = NameResolution.addresses
    ) {
        self.trustRoots = trustRoots
        self.patience = patience
        self.connectPatience = connectPatience
        self.resolve = resolve
    }

    /// Posts a form, and tells the status of the answer.
    func post(
        _ fields: [(name: String, value: String)],
        to uri: String,
        reach: LogoutCall.Reach
    ) async throws(Failure) -> Int {
        guard let target = Target(uri) else { throw .badURL }
        try begin()
        defer { inProgress.withLock { $0 -= 1 } }
        let addresses = try await addresses(of: target, reach: reach)
        let deadline = NIODeadline.now() + patience
        var failure = Failure.unknownHost
        for address in addresses.prefix(Self.maximumAddresses) {
            do {
                return try await send(fields, to: target, at: address, until: deadline)
            } catch {
                failure = .unreachable("\(error)")
            }
        }
        throw failure
    }

    private func begin() throws(Failure) {
        let isFree = inProgress.withLock { count in
            guard count < Self.maximumConcurrent else { return false }
            count += 1
            return true
        }
        guard isFree else { throw .busy }
    }

    /// The addresses to connect to. One that is not to be called refuses them all: a name that has
    /// both kinds was not set up to be reached.
    private func addresses(
        of target: Target,
        reach: LogoutCall.Reach
    ) async throws(Failure) -> [IPAddress] {
        let addresses: [IPAddress]
        if let address = target.address {
            addresses = [address]
        } else {
            do {
                addresses = try await resolve(target.host)
            } catch {
                throw .unreachable("\(error)")
            }
        }
        guard !addresses.isEmpty else { throw .unknownHost }
        guard addresses.count <= Self.maximumResolved,
            addresses.allSatisfy({ $0.kind.permits(target.transport, reach: reach) })
        else { throw .forbiddenAddress }
        return addresses
    }

    // MARK: - One connection

    private func send(
        _ fields: [(name: String, value: String)],
        to target: Target,
        at address: IPAddress,
        until deadline: NIODeadline
    ) async throws -> Int {
        var request = HTTPClientRequest(url: target.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        request.headers.add(name: "user-agent", value: "martlet")
        request.body = .bytes(ByteBuffer(string: FormText.encode(fields)))
        // A client for each call: the address belongs to the call, and so does the connection.
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: configuration(for: target, at: address)
        )
        do {
            let status = try await client.execute(request, deadline: deadline).status
            try? await client.shutdown()
            return Int(status.code)
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func configuration(
        for target: Target,
        at address: IPAddress
    ) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.trustRoots = trustRoots
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: connectPatience, read: patience)
        )
        // The certificate is still checked against the name.
        configuration.dnsOverride = [target.host: address.description]
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            // Should the library ever connect elsewhere, nothing is sent there.
            let connected = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
            guard connected == address else {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(ConnectedElsewhere())
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        return configuration
    }

    private struct ConnectedElsewhere: Error {}

    /// A URL to call, spelled so that everybody reads the same host in it.
    private struct Target {
        let url: String
        let transport: AddressKind.Transport
        let host: String
        /// If the host is an address.
        let address: IPAddress?

        init?(_ text: String) {
            guard let uri = try? AbsoluteURI(text), let host = uri.host,
                let transport = AddressKind.Transport(rawValue: uri.scheme)
            else { return nil }
            let port = uri.port.map { ":\($0)" } ?? ""
            url = "\(uri.scheme)://\(host)\(port)\(uri.pathAndQuery)"
            self.transport = transport
            let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
            self.host = bare
            address = IPAddress(bare)
        }
    }
}
