import MartletProtocol

@testable import MartletCore

extension Harness {
    /// Client metadata, as an operator gives it and as a stranger registers it.
    static let clientMetadata = Harness(name: "client-metadata") { bytes in
        guard let json = try? JSONValue(parsing: bytes) else { return }
        if let metadata = try? ClientMetadata(json: json) { try MetadataRules.check(metadata) }
        if let metadata = try? ClientMetadata(selfRegistered: json) {
            try MetadataRules.check(metadata)
            try MetadataRules.checkSelfRegistered(metadata)
        }
    }
}

/// What holds of all client metadata.
private enum MetadataRules {
    static func check(_ metadata: ClientMetadata) throws {
        let written = try accepted("metadata is written as JSON") {
            try JSONValue(parsing: metadata.json.encoded())
        }
        let again = try accepted("metadata that was written is accepted") {
            try ClientMetadata(json: written)
        }
        try require(again == metadata, "metadata comes back the same")
        let stored = try accepted("stored metadata is read") {
            try ClientMetadata(stored: written)
        }
        try require(stored == metadata, "stored metadata comes back the same")
        try require(metadata.redirectURIs.count <= RedirectURI.maximumCount, "there is a bound")
        try require(
            metadata.allowedResources.count <= ClientMetadata.maximumResources,
            "there is a bound"
        )
        if metadata.authenticationMethod == .none {
            try require(
                metadata.requirePKCE && metadata.policy.rotation != .static,
                "a public client has PKCE and rotation"
            )
        }
    }

    /// What no stranger decides.
    static func checkSelfRegistered(_ metadata: ClientMetadata) throws {
        try require(
            metadata.grantTypes.allSatisfy(ClientMetadata.selfRegisteredGrants.contains),
            "a stranger's client acts for people only"
        )
        try require(
            !metadata.skipConsent && metadata.requirePKCE && metadata.allowedResources.isEmpty
                && metadata.accessTokenLifetime == nil && metadata.policy == PolicyOverrides(),
            "a stranger's client has what every client has, and no more"
        )
        try require(
            metadata.scope.tokens.allSatisfy(ScopeName.all.contains),
            "a stranger's client has the standard scopes"
        )
    }
}
