public import HTTPTypes
public import MartletProtocol
import MartletTransport

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension OAuthSession {
    /// Sends a request to an API with an access token, and once more with another if the API answers
    /// 401.
    ///
    /// The token goes wherever the request goes, if that is https or this machine: send requests to
    /// your APIs only. Redirects are not followed; an answer that is one is returned.
    ///
    /// - Parameters:
    ///   - request: The request; its `Authorization` is replaced.
    ///   - body: The body.
    /// - Returns: The answer, whatever its status.
    /// - Throws: ``ClientError`` if there is no access token to be had, or what the transport threw.
    public func data(
        for request: HTTPRequest,
        body: Data = Data()
    ) async throws -> (Data, HTTPResponse) {
        guard request.isConfidential else {
            throw ClientError(.insecure, "\(request.address) is not https.")
        }
        let transport = client.endpoints.transport
        let first = try await accessToken()
        let answer = try await transport.send(request.authorized(by: first), body: body)
        guard answer.1.asksForAnotherToken else { return answer }
        let second = try await accessToken(insteadOf: first)
        guard second != first else { return answer }
        return try await transport.send(request.authorized(by: second), body: body)
    }

    /// Gets what is at an address of an API.
    ///
    /// - Parameter url: The address.
    /// - Returns: The answer, whatever its status.
    /// - Throws: As ``data(for:body:)``.
    public func data(from url: URL) async throws -> (Data, HTTPResponse) {
        try await data(for: HTTPRequest(.get, url))
    }
}

extension HTTPRequest {
    /// The request with an access token (RFC 6750 §2.1).
    ///
    /// - Parameter token: The token.
    /// - Returns: The request with the token in place of whatever `Authorization` it had.
    public func authorized(by token: Secret) -> HTTPRequest {
        var request = self
        request.headerFields[.authorization] = "\(WireName.bearer) \(token.text)"
        // Kept out of the tables of HTTP/2's compression.
        if var field = request.headerFields[fields: .authorization].first {
            field.indexingStrategy = .disallow
            request.headerFields[fields: .authorization] = [field]
        }
        return request
    }
}

extension HTTPResponse {
    /// Whether another access token may help: 401, unless the challenge says that something else is
    /// wrong, for instance that the person has to sign in more strongly (RFC 9470 §3).
    var asksForAnotherToken: Bool {
        guard status == .unauthorized else { return false }
        let challenge = headerFields[values: .wwwAuthenticate].joined(separator: ",")
        guard let start = challenge.firstRange(of: "error=\"") else { return true }
        return challenge[start.upperBound...].hasPrefix(BearerErrorName.invalidToken + "\"")
    }
}
