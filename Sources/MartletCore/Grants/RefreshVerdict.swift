import MartletProtocol

/// What the client of a refresh is told, and what is written with it: the decision of
/// `RefreshTokens/Rotation.swift` turned into one atomic change.
enum RefreshVerdict: Sendable {
    /// Clients, keys or resources changed since they were read: start again.
    case overtaken
    case refused(OAuthError, AuthorizationServer.Notice?)
    /// The family as it stands now, at this instant of the store's clock.
    case granted(TokenFamily, AccessTokenTarget, at: Instant, AuthorizationServer.Notice)

    /// A bad tag, another client's token and an unknown family get one and the same answer.
    static let invalid = OAuthError(.invalidGrant, RefreshRefusal.invalid.rawValue)
    static let expired = OAuthError(.invalidGrant, RefreshRefusal.expired.rawValue)
    static let ended = OAuthError(.invalidGrant, RefreshRefusal.ended.rawValue)
    static let usedTwice = OAuthError(.invalidGrant, RefreshRefusal.usedTwice.rawValue)

    /// The sentence for the rightful holder of a token of a family that is over.
    static func sentence(for reason: EndReason) -> OAuthError {
        switch reason {
        case .idle, .expired: expired
        case .reuse: usedTwice
        case .revokedByClient, .revokedByOperator, .revokedByUser, .replaced, .exhausted,
            .accountDisabled, .accountDeleted, .passwordChanged, .signedOutEverywhere, .signedOut,
            .clientRevoked, .clientDeleted, .consentWithdrawn, .codeReuse, .keyCompromised,
            .restored:
            ended
        }
    }

    static func change(
        of family: TokenFamily?,
        presenting presented: Generation,
        terms: RotationTerms,
        standing: Standing,
        target: Result<AccessTokenTarget, OAuthError>,
        origin: Origin,
        at now: Instant
    ) -> Change<RefreshVerdict> {
        guard let family else { return Change(answer: .refused(invalid, nil)) }
        let id = family.authorized.id
        let rotation = family.rotation(
            presenting: presented,
            terms: terms,
            standing: standing,
            at: now
        )
        switch rotation {
        case .refuse(.over(let ended)):
            let isReuse = family.isReuse(of: presented, terms: terms)
            return Change(
                answer: .refused(
                    sentence(for: ended.reason),
                    isReuse ? .reuseAfterEnd(id, ended.reason) : .refused(id, ended.reason)
                )
            )
        case .refuse(.aheadOfState):
            return Change(answer: .refused(invalid, .aheadOfState(id)))
        case .refuse(.unknownFamily):
            return Change(answer: .refused(invalid, nil))
        case .reuse(let kind, let state):
            return Change(
                state: state,
                events: family.reuseEvents(kind, presenting: presented, origin: origin),
                answer: .refused(usedTwice, .reuse(id, kind))
            )
        case .exhausted(let state):
            return Change(
                state: state,
                events: [family.endEvent(.exhausted)],
                answer: .refused(ended, .refused(id, .exhausted))
            )
        case .rotate(let state):
            return grant(family, state, target, origin, at: now, .rotated(id))
        case .repeatLast(let state):
            return grant(family, state, target, origin, at: now, .repeated(id))
        }
    }

    /// The token was good; now it shows whether the rest of the request is.
    private static func grant(
        _ family: TokenFamily,
        _ state: FamilyState,
        _ target: Result<AccessTokenTarget, OAuthError>,
        _ origin: Origin,
        at now: Instant,
        _ notice: AuthorizationServer.Notice
    ) -> Change<RefreshVerdict> {
        switch target {
        case .failure(let error):
            return Change(answer: .refused(error, nil))
        case .success(let target) where target.limits.refuse(family, at: now):
            return Change(answer: .refused(resourceWantsNewerSession, nil))
        case .success(let target):
            var state = state
            var events: [AuditEvent] = []
            if !state.marks.addressNoted, family.isElsewhere(origin) {
                state.marks.addressNoted = true
                events = [family.newAddressEvent(origin)]
            }
            let next = TokenFamily(authorized: family.authorized, state: state)
            return Change(
                state: state == family.state ? nil : state,
                events: events,
                answer: .granted(next, target, at: now, notice)
            )
        }
    }

    static let resourceWantsNewerSession = OAuthError(
        .invalidTarget,
        "The resource asks for a more recent session; the user has to sign in again."
    )
}

extension TokenFamily {
    fileprivate func isElsewhere(_ origin: Origin) -> Bool {
        AttemptLimiter.network(of: origin.address)
            != AttemptLimiter.network(of: authorized.origin.address)
    }

    fileprivate func newAddressEvent(_ origin: Origin) -> AuditEvent {
        .newAddress(
            authorized.id,
            account: authorized.account,
            client: authorized.client,
            origin: origin
        )
    }

    fileprivate func reuseEvents(
        _ kind: Rotation.Reuse,
        presenting presented: Generation,
        origin: Origin
    ) -> [AuditEvent] {
        [
            .reuseDetected(
                authorized.id,
                account: authorized.account,
                client: authorized.client,
                kind: kind,
                presented: presented,
                current: state.generation,
                origin: origin
            ),
            endEvent(.reuse),
        ]
    }

    /// The event that tells of this family's end.
    package func endEvent(_ reason: EndReason) -> AuditEvent {
        .sessionEnded(
            authorized.id,
            account: authorized.account,
            client: authorized.client,
            reason: reason
        )
    }
}
