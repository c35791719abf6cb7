import MartletProtocol

/// Where an issuer publishes what it says of itself.
package enum IssuerAddress {
    /// The two places where the document may be: RFC 8414 §3.1 puts the issuer's path behind the
    /// well-known one, OpenID Connect Discovery §4 before it. A server has one of them at least.
    ///
    /// - Parameter issuer: The issuer's URL.
    /// - Returns: The addresses in the order of asking; nil if the issuer is not an https address
    ///   (or http on loopback), or has a query or a fragment.
    package static func ofMetadata(_ issuer: String) -> [String]? {
        guard RequestAddress.isConfidential(issuer), let parts = RequestAddress(issuer),
            !issuer.contains("?"), !issuer.contains("#")
        else { return nil }
        var path = parts.path
        while path.last == "/" { path.removeLast() }
        let origin = "\(parts.scheme)://\(parts.authority)"
        return [
            "\(origin)\(ServerMetadataName.wellKnownPath)\(path)",
            "\(origin)\(path)\(ServerMetadataName.wellKnownOpenIDPath)",
        ]
    }
}
