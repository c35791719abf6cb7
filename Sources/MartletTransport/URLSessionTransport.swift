#if canImport(Darwin)
    public import HTTPTypes

    #if canImport(FoundationEssentials)
        public import FoundationEssentials
    #else
        public import Foundation
    #endif

    /// HTTP by URLSession: the transport on Apple's platforms.
    public struct URLSessionTransport: HTTPTransport {
        private let session: URLSession

        /// A transport.
        ///
        /// - Parameter session: What sends. By default one of its own, without cookies and caches:
        ///   answers with tokens belong in neither.
        public init(session: URLSession? = nil) {
            self.session = session ?? Self.shared
        }

        private static let shared: URLSession = {
            let configuration = URLSessionConfiguration.ephemeral
            configuration.timeoutIntervalForRequest = 30
            configuration.httpShouldSetCookies = false
            configuration.urlCache = nil
            return URLSession(configuration: configuration)
        }()

        /// Sends a request.
        public func send(
            _ request: HTTPRequest,
            body: Data
        ) async throws -> (Data, HTTPResponse) {
            guard let url = URL(string: request.address) else { throw URLError(.badURL) }
            var outgoing = URLRequest(url: url)
            outgoing.httpMethod = request.method.rawValue
            for field in request.headerFields {
                outgoing.addValue(field.value, forHTTPHeaderField: field.name.rawName)
            }
            if !body.isEmpty { outgoing.httpBody = body }
            let (data, answer) = try await session.data(for: outgoing, delegate: Redirects())
            guard let answer = answer as? HTTPURLResponse else {
                throw URLError(.badServerResponse)
            }
            var response = HTTPResponse(status: .init(code: answer.statusCode))
            for (name, value) in answer.allHeaderFields {
                guard let name = (name as? String).flatMap({ HTTPField.Name($0) }),
                    let value = value as? String
                else { continue }
                response.headerFields.append(HTTPField(name: name, value: value))
            }
            return (data, response)
        }

        /// Follows none: the answer is the redirect itself.
        private final class Redirects: NSObject, URLSessionTaskDelegate, Sendable {
            func urlSession(
                _ session: URLSession,
                task: URLSessionTask,
                willPerformHTTPRedirection response: HTTPURLResponse,
                newRequest request: URLRequest
            ) async -> URLRequest? {
                nil
            }
        }
    }
#endif
