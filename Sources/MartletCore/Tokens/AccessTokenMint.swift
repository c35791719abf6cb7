import MartletProtocol

/// Makes access tokens (RFC 9068).
package struct AccessTokenMint: Sendable {
    static let tokenIDLength = 16

    package let issuer: String

    package init(issuer: String) {
        self.issuer = issuer
    }

    /// Whom and what a token speaks of.
    package struct Subject: Sendable {
        package let subject: String
        package let client: ClientID
        package let session: FamilyID?
        package let authentication: Authentication?

        package init(
            subject: String,
            client: ClientID,
            session: FamilyID?,
            authentication: Authentication?
        ) {
            self.subject = subject
            self.client = client
            self.session = session
            self.authentication = authentication
        }
    }

    package struct Minted: Sendable {
        package let token: String
        /// `exp`: seconds since 1970.
        package let expiresAt: Int64

        /// `expires_in`: seconds, counted in the whole seconds that `iat` and `exp` are told in.
        package func expiresIn(at now: Instant) -> Int64 { max(0, expiresAt - now.seconds) }
    }

    /// A signed token that is good until `end`.
    package func mint(
        for subject: Subject,
        target: AccessTokenTarget,
        from now: Instant,
        until end: Instant,
        keys: KeyRing,
        surroundings: Surroundings
    ) throws -> Minted {
        guard let signer = keys.signer(for: target.algorithm, at: now) else {
            throw StorageError.corrupt("there is no \(target.algorithm.rawValue) key to sign with")
        }
        var claims = AccessTokenClaims(
            issuer: issuer,
            subject: subject.subject,
            audience: target.audience,
            clientID: subject.client.rawValue,
            issuedAt: now.seconds,
            expiresAt: end.seconds,
            tokenID: Base64URL.encode(surroundings.randomBytes(Self.tokenIDLength)),
            scope: target.scope.description
        )
        claims.authorizedParty = subject.client.rawValue
        claims.sessionID = subject.session?.description
        if let authentication = subject.authentication {
            claims.authenticationTime = authentication.time.seconds
            claims.authenticationContext = authentication.contextClass
            claims.authenticationMethods = authentication.methods
        }
        return Minted(
            token: try signer.sign(claims.encoded()),
            expiresAt: end.seconds
        )
    }
}
