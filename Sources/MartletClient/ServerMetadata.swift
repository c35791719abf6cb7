public import MartletProtocol
import MartletTransport

/// What an authorization server says of itself (RFC 8414 §2, OpenID Connect Discovery §3): where its
/// endpoints are.
///
/// Every address in it is https, or http on loopback; a document with another one is refused.
public struct ServerMetadata: Sendable, Hashable {
    /// The issuer's URL, compared byte for byte wherever it appears.
    public let issuer: String
    /// Where tokens are had.
    public let tokenEndpoint: String
    /// Where people sign in.
    public let authorizationEndpoint: String?
    /// Where a device without a browser begins (RFC 8628).
    public let deviceAuthorizationEndpoint: String?
    /// Where tokens are given back (RFC 7009).
    public let revocationEndpoint: String?
    /// Where people sign out (OpenID Connect RP-Initiated Logout).
    public let endSessionEndpoint: String?
    /// Where claims about the person are told.
    public let userInfoEndpoint: String?
    /// Where the keys are that ID tokens are signed with.
    public let keySetURI: String?
    /// Whether answers of the authorization endpoint name their issuer (RFC 9207): then one that does
    /// not is somebody else's.
    public let namesIssuerInAnswers: Bool

    /// Metadata that the app brings along, for a server that publishes none.
    ///
    /// - Parameters:
    ///   - json: A document like the one of RFC 8414.
    ///   - issuer: Whose it is.
    /// - Throws: ``ClientError``: ``ClientError/Code/untrusted`` if the document names another
    ///   issuer, ``ClientError/Code/insecure`` if an address in it is not confidential,
    ///   ``ClientError/Code/unsupported`` if it has no token endpoint.
    public init(json: JSONValue, issuer: String) throws(ClientError) {
        guard let named = json[ServerMetadataName.issuer]?.string, named.isSameText(as: issuer)
        else {
            throw ClientError(
                .untrusted,
                "The server's metadata names another issuer than \(issuer)."
            )
        }
        guard let token = try Self.address(ServerMetadataName.tokenEndpoint, in: json) else {
            throw ClientError(.unsupported, "The server's metadata has no token endpoint.")
        }
        self.issuer = issuer
        tokenEndpoint = token
        authorizationEndpoint = try Self.address(
            ServerMetadataName.authorizationEndpoint,
            in: json
        )
        deviceAuthorizationEndpoint = try Self.address(
            ServerMetadataName.deviceAuthorizationEndpoint,
            in: json
        )
        revocationEndpoint = try Self.address(ServerMetadataName.revocationEndpoint, in: json)
        endSessionEndpoint = try Self.address(ServerMetadataName.endSessionEndpoint, in: json)
        userInfoEndpoint = try Self.address(ServerMetadataName.userInfoEndpoint, in: json)
        keySetURI = try Self.address(ServerMetadataName.keySetURI, in: json)
        namesIssuerInAnswers = json[ServerMetadataName.issuerInAnswers]?.bool ?? false
    }

    private static func address(
        _ name: String,
        in json: JSONValue
    ) throws(ClientError) -> String? {
        guard let address = json[name]?.string else { return nil }
        guard RequestAddress.isConfidential(address) else {
            throw ClientError(.insecure, "The server's \(name) is not https.")
        }
        return address
    }
}
