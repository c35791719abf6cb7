package import MartletProtocol

/// What an access token is for: one API, or none, and the scope that is left for it.
package struct AccessTokenTarget: Sendable, Equatable {
    /// The API; `nil` if the token is for the issuer alone.
    package let resource: ResourceID?
    /// `aud`: the API, and the issuer wherever its UserInfo may be asked with the token.
    package let audience: [String]
    package let scope: Scope
    package let algorithm: SignatureAlgorithm
    /// The lifetimes that the API demands, if it demands any.
    package let limits: SessionLimits

    /// Shorter lifetimes that an API demands of the sessions it serves.
    package struct SessionLimits: Sendable, Equatable {
        package let idle: Duration?
        package let absolute: Duration?

        /// Whether a family is past them. It refuses this request and ends nothing.
        package func refuse(_ family: TokenFamily, at now: Instant) -> Bool {
            if let idle, now - family.state.lastRotation >= idle { return true }
            if let absolute, now - family.authorized.authentication.time >= absolute {
                return true
            }
            return false
        }
    }
}

/// What was granted and is now asked for: the rule of scope and audience (RFC 6749 §3.3 and §6,
/// RFC 8707 §2.2).
package struct AccessTokenRequest: Sendable {
    /// The most that may be asked for.
    package let granted: Scope
    package let grantedResources: [ResourceID]
    /// The `scope` parameter; `nil` asks for all that was granted.
    package let scope: Scope?
    /// The `resource` parameter.
    package let resource: ResourceID?

    package init(
        granted: Scope,
        grantedResources: [ResourceID],
        scope: Scope?,
        resource: ResourceID?
    ) {
        self.granted = granted
        self.grantedResources = grantedResources
        self.scope = scope
        self.resource = resource
    }

    /// The rule. One API per access token: the one that is named, else the only one that was
    /// granted, else the issuer itself. Scopes that the API does not define are dropped; if
    /// nothing is left of something, the scope is invalid.
    ///
    /// With `openid` the token is for the issuer's UserInfo too, and the scopes that the issuer
    /// itself defines are kept beside the API's.
    package func target(
        among resources: [ResourceID: Resource],
        issuer: String
    ) throws(OAuthError) -> AccessTokenTarget {
        let wanted = scope ?? granted
        guard wanted.isSubset(of: granted) else {
            throw OAuthError(.invalidScope, "The scope is wider than what was granted.")
        }
        let id = resource ?? (grantedResources.count == 1 ? grantedResources[0] : nil)
        guard let id, id.rawValue != issuer else {
            return AccessTokenTarget(
                resource: nil,
                audience: [issuer],
                scope: wanted,
                algorithm: .es256,
                limits: .init(idle: nil, absolute: nil)
            )
        }
        guard grantedResources.contains(id), let resource = resources[id] else {
            throw OAuthError(.invalidTarget, "The resource is unknown or was not granted.")
        }
        let asksUserInfo = wanted.contains(ScopeName.openID)
        let issuers = asksUserInfo ? ScopeName.all : []
        let left = wanted.filter { issuers.contains($0) || resource.scope.contains($0) }
        let wantedOfAPI = wanted.filter { !issuers.contains($0) }
        guard wantedOfAPI.isEmpty || !wantedOfAPI.intersection(resource.scope).isEmpty else {
            throw OAuthError(.invalidScope, "The resource defines none of these scopes.")
        }
        return AccessTokenTarget(
            resource: id,
            audience: asksUserInfo ? [id.rawValue, issuer] : [id.rawValue],
            scope: left,
            algorithm: resource.signingAlgorithm,
            limits: .init(idle: resource.idleLifetime, absolute: resource.absoluteLifetime)
        )
    }
}
