#if canImport(AsyncHTTPClient)
    public import AsyncHTTPClient
    public import HTTPTypes
    import NIOCore
    import NIOHTTP1

    #if canImport(FoundationEssentials)
        public import FoundationEssentials
    #else
        public import Foundation
    #endif

    /// HTTP by AsyncHTTPClient: the transport on Linux.
    public struct AsyncHTTPClientTransport: HTTPTransport {
        /// The longest answer that is read unless somebody says otherwise: 16 MiB, far more than any
        /// API's JSON, and far less than a phone's memory.
        public static let standardMaximumSize = 16 * 1024 * 1024

        private let client: HTTPClient
        private let patience: Duration
        private let maximumSize: Int

        /// A transport.
        ///
        /// - Parameters:
        ///   - client: What sends. It must not follow redirects; the one that is taken by default is
        ///     shared by the whole process and does not.
        ///   - patience: How long an answer may take, all in all.
        ///   - maximumSize: The longest answer that is read, in bytes.
        public init(
            client: HTTPClient? = nil,
            patience: Duration = .seconds(30),
            maximumSize: Int = Self.standardMaximumSize
        ) {
            self.client = client ?? Self.shared
            self.patience = patience
            self.maximumSize = maximumSize
        }

        /// Never shut down: it lives as long as the process.
        private static let shared = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: .init(redirectConfiguration: .disallow)
        )

        /// Sends a request.
        public func send(
            _ request: HTTPRequest,
            body: Data
        ) async throws -> (Data, HTTPResponse) {
            var outgoing = HTTPClientRequest(url: request.address)
            outgoing.method = .init(rawValue: request.method.rawValue)
            for field in request.headerFields {
                outgoing.headers.add(name: field.name.rawName, value: field.value)
            }
            if !body.isEmpty { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
            let answer = try await client.execute(
                outgoing,
                timeout: .nanoseconds(Int64(patience.inSeconds * 1e9))
            )
            let content = try await answer.body.collect(upTo: maximumSize)
            var response = HTTPResponse(status: .init(code: Int(answer.status.code)))
            for (name, value) in answer.headers {
                guard let name = HTTPField.Name(name) else { continue }
                response.headerFields.append(HTTPField(name: name, value: value))
            }
            return (Data(content.readableBytesView), response)
        }
    }
#endif
