package import MartletProtocol

/// What a string is, whether it works, and why: what `martlet token explain` tells.
package struct TokenExplanation: Sendable {
    package enum Finding: Sendable {
        /// Neither a refresh token nor an access token of this server.
        case notOurs
        /// It looks like a refresh token, but its tag does not verify: made up, altered or cut.
        case badTag
        /// It names a refresh key that this store does not have: dropped, or another store's.
        case unknownKey(RefreshKeyID)
        /// Genuine, but its family is gone: purged after its absolute end.
        case noFamily(FamilyID, Generation)
        case refreshToken(RefreshTokenFinding)
        case accessToken(AccessTokenFinding)
    }

    package struct RefreshTokenFinding: Sendable {
        package enum Status: Sendable, Equatable {
            /// The newest of a living family.
            case current
            /// A newer one was handed out. Presenting it again brings this about.
            case superseded(atOrBefore: Instant, presentingItAgain: Presenting)
            /// The family is over, for whichever token.
            case over(Ended)
            /// Newer than the store knows: the store was rolled back, or a key is stolen.
            case aheadOfState
        }

        package enum Presenting: Sendable, Equatable {
            case repeatsTheSuccessor
            case endsTheFamily
        }

        package let generation: Generation
        package let session: AuthorizationServer.Session
        package let status: Status
    }

    package struct AccessTokenFinding: Sendable {
        package let claims: AccessTokenClaims
        package let hasExpired: Bool
        package let isDenied: Bool
        /// The session that it came from; `nil` for a client's own token or a purged session.
        package let session: AuthorizationServer.Session?
    }

    package let finding: Finding
    /// The family's life as far as it is known, the oldest first.
    package let history: [AuditEntry]
}

extension AuthorizationServer {
    /// Explains a string. Changes nothing: asking about an old refresh token is not using it.
    package func explain(_ text: String) async throws -> TokenExplanation {
        try await directory.consultCurrent { snapshot in
            switch RefreshToken.read(text, with: snapshot.keys.refresh) {
            case .issued(let token):
                return try await explain(token, in: snapshot)
            case .unknownKey(let id):
                return TokenExplanation(finding: .unknownKey(id), history: [])
            case .invalid where text.hasPrefix(RefreshToken.prefix):
                return TokenExplanation(finding: .badTag, history: [])
            case .invalid:
                guard let claims = signedAccessToken(text, keys: snapshot.keys) else {
                    return TokenExplanation(finding: .notOurs, history: [])
                }
                return try await explain(claims)
            }
        }
    }

    private func explain(
        _ token: RefreshToken,
        in snapshot: Snapshot
    ) async throws -> TokenExplanation {
        let view = try await storage.find(token.family)
        guard let family = view.family, token.matches(family.authorized),
            let session = try await session(view)
        else {
            return TokenExplanation(
                finding: .noFamily(token.family, token.generation),
                history: try await history(of: token.family)
            )
        }
        let client = try await snapshot.client(family.authorized.client)?.value
        let proof = client?.secret == nil ? RotationPolicy.Proof.none : .clientAuthenticated
        let policy = client.map { client in
            self.policy(of: client, for: family.authorized).holding(for: proof)
        }
        return TokenExplanation(
            finding: .refreshToken(
                TokenExplanation.RefreshTokenFinding(
                    generation: token.generation,
                    session: session,
                    status: status(
                        of: token,
                        in: session,
                        terms: RotationTerms(
                            policy: policy ?? settings.policy,
                            proof: proof,
                            arrived: surroundings.now()
                        ),
                        standing: view.standing
                    )
                )
            ),
            history: try await history(of: token.family)
        )
    }

    /// The decision itself is asked what presenting the token now would do.
    private func status(
        of token: RefreshToken,
        in session: Session,
        terms: RotationTerms,
        standing: Standing
    ) -> TokenExplanation.RefreshTokenFinding.Status {
        let rotation = session.family.rotation(
            presenting: token.generation,
            terms: terms,
            standing: standing,
            at: terms.arrived
        )
        let since = session.family.state.lastRotation
        switch rotation {
        case .rotate, .exhausted: return .current
        case .repeatLast:
            return .superseded(atOrBefore: since, presentingItAgain: .repeatsTheSuccessor)
        case .reuse:
            return .superseded(atOrBefore: since, presentingItAgain: .endsTheFamily)
        case .refuse(.over(let ended)): return .over(ended)
        case .refuse(.aheadOfState): return .aheadOfState
        case .refuse(.unknownFamily): return .aheadOfState
        }
    }

    private func explain(_ claims: AccessTokenClaims) async throws -> TokenExplanation {
        let denied = try await storage.find(OneTimeKey(.deniedAccessToken, claims.tokenID))
        var session: Session?
        var history: [AuditEntry] = []
        if let id = claims.sessionID.flatMap({ FamilyID($0) }) {
            session = try await self.session(try await storage.find(id))
            history = try await self.history(of: id)
        }
        return TokenExplanation(
            finding: .accessToken(
                TokenExplanation.AccessTokenFinding(
                    claims: claims,
                    hasExpired: claims.expiresAt <= surroundings.now().seconds,
                    isDenied: denied != nil,
                    session: session
                )
            ),
            history: history
        )
    }
}
