import MartletProtocol
import MartletTransport

/// What an API says of itself, so that a client that knows nothing but its address finds the
/// authorization server to ask (RFC 9728).
///
/// The document stands at ``path`` of the API's own host; every challenge of an ``AccessTokenGuard``
/// names its ``address``.
public struct ProtectedResourceMetadata: Sendable, Hashable {
    /// The API's identifier: its https address, which is what tokens name as their audience.
    public let resource: String

    /// The issuers whose tokens it takes.
    public let authorizationServers: [String]

    /// The scopes that are of use here; not told if empty.
    public var scopes: [String]

    /// What people call the API.
    public var name: String?

    /// Where developers read about it.
    public var documentation: String?

    /// Where its policy for clients is.
    public var policy: String?

    /// Where its terms of service are.
    public var terms: String?

    /// The document's address.
    public let address: String

    /// Where the document stands on the API's host: `/.well-known/oauth-protected-resource`, and the
    /// identifier's path behind it.
    public let path: String

    /// What an API says of itself.
    ///
    /// - Parameters:
    ///   - resource: The API's identifier, the same as its audience.
    ///   - authorizationServers: The issuers whose tokens it takes.
    ///   - scopes: The scopes that are of use here.
    ///   - name: What people call it.
    ///   - documentation: Where developers read about it.
    ///   - policy: Where its policy for clients is.
    ///   - terms: Where its terms of service are.
    /// - Returns: Nil if the identifier is not an address that could be asked: https (or http on
    ///   loopback), without a query or a fragment (RFC 9728 §1.2).
    public init?(
        resource: String,
        authorizationServers: [String],
        scopes: [String] = [],
        name: String? = nil,
        documentation: String? = nil,
        policy: String? = nil,
        terms: String? = nil
    ) {
        guard RequestAddress.isConfidential(resource), let parts = RequestAddress(resource),
            !resource.contains("?"), !resource.contains("#")
        else { return nil }
        self.resource = resource
        self.authorizationServers = authorizationServers
        self.scopes = scopes
        self.name = name
        self.documentation = documentation
        self.policy = policy
        self.terms = terms
        // RFC 9728 §3.1: the slash that ends the host goes.
        let suffix = parts.path == "/" ? "" : parts.path
        path = ResourceMetadataName.wellKnownPath + suffix
        address = "\(parts.scheme)://\(parts.authority)\(path)"
    }

    /// The document.
    ///
    /// - Returns: UTF-8 bytes of JSON.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 512)
        writer.object { writer in
            writer.member(ResourceMetadataName.resource, resource)
            writer.member(ResourceMetadataName.authorizationServers, authorizationServers)
            if !scopes.isEmpty { writer.member(ResourceMetadataName.scopes, scopes) }
            writer.member(
                ResourceMetadataName.bearerMethods,
                [ResourceMetadataName.headerMethod]
            )
            writer.member(ResourceMetadataName.name, ifPresent: name)
            writer.member(ResourceMetadataName.documentation, ifPresent: documentation)
            writer.member(ResourceMetadataName.policyURI, ifPresent: policy)
            writer.member(ResourceMetadataName.termsURI, ifPresent: terms)
        }
        return writer.bytes
    }
}
