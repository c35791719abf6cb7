import MartletProtocol
import Synchronization

/// What a server remembers of the feed to answer the next question from: nothing that the store does
/// not have too.
final class EndedSessionsMemory: Sendable {
    /// Ends whose meaning is remembered; some 300 bytes for each session or name that one means.
    static let maximumConcerns = 10_000
    /// Signed tokens that are remembered: all instances of an API get the same ones. Some 600 bytes
    /// each.
    static let maximumTokens = 4096

    struct TokenKey: Hashable {
        let mark: EndMark
        let index: Int
        let resource: ResourceID
        /// A token of a key that was dropped would be refused.
        let keyID: String
    }

    let concerns = BoundedCache<EndMark, [EndedSessionsConcern]>(capacity: maximumConcerns)
    let tokens = BoundedCache<TokenKey, String>(capacity: maximumTokens)
    /// What each API acknowledged last that tells no position; as many as there are APIs.
    let acknowledged = Mutex<[ResourceID: EndMark]>([:])
}

extension AuthorizationServer {
    /// The feed of ended sessions, for APIs that verify access tokens by themselves: RFC 8936 over
    /// the ``EndLog``. An API learns of what concerns tokens for it, and of nothing else.
    ///
    /// Reading changes nothing, so any number of an API's instances follow it side by side, each by
    /// its own position, at any node.
    static let endsReadAtOnce = 256
    /// How many entries one question looks through at most; they may all concern others.
    static let maximumEndsRead = 16 * endsReadAtOnce

    /// The API that follows the feed, by the credentials that it introspects with.
    ///
    /// - Throws: ``OAuthError`` for the caller, ``StorageError`` if the store cannot do it now.
    package func follower(
        authorization: String?,
        from origin: Origin
    ) async throws -> ResourceID {
        guard let authorization else {
            throw OAuthError(.invalidClient, "The request has no Authorization header.")
        }
        let presented = try PresentedClient.read(
            authorization: authorization,
            parameters: FormParameters(parsing: [])
        )
        return try await directory.consultCurrent { snapshot in
            guard let resource = try await resource(presented, from: origin, in: snapshot) else {
                notice(.clientAuthenticationFailed(presented.id))
                throw Self.authenticationFailed
            }
            return resource.id
        }
    }

    /// What ended of an API's since it asked last, as of now.
    package func ended(
        _ poll: EndedSessionsPoll,
        for resource: ResourceID
    ) async throws -> EndedSessionsPage {
        let start = start(of: poll, for: resource)
        guard poll.maximum > 0 else { return EndedSessionsPage(mark: start) }
        return try await directory.consultCurrent { snapshot in
            let now = surroundings.now()
            var page = try await page(from: start, at: now)
            try await fill(&page, poll, for: resource, in: snapshot, at: now)
            remember(page, of: poll, for: resource)
            return page
        }
    }

    /// Whom the entries behind a position concern, and up to where they were read; for whoever
    /// waits.
    package func concerned(
        behind position: EndPosition
    ) async throws -> (last: EndPosition, audiences: [EndedSessionsConcern.Audience]) {
        try await directory.consultCurrent { snapshot in
            let entries = try await storage.ends(
                after: position,
                from: Instant(microseconds: 0),
                limit: Self.endsReadAtOnce
            )
            var audiences: [EndedSessionsConcern.Audience] = []
            for entry in entries {
                // That nobody knows matters to everybody.
                if entry.ended == .unknown { audiences.append(.every) }
                audiences += try await concerns(of: entry, in: snapshot).map(\.audience)
            }
            return (entries.last?.position ?? position, audiences)
        }
    }

    /// Where to read from. Without a position of its own, whoever asks goes on behind what its API
    /// acknowledged last, here and in this process: RFC 8936 knows one reader a stream.
    private func start(of poll: EndedSessionsPoll, for resource: ResourceID) -> EndMark {
        switch poll.start {
        case .from(let mark): return mark
        case .acknowledged(let mark):
            return endedSessions.acknowledged.withLock { acknowledged in
                let last = max(mark ?? .start, acknowledged[resource] ?? .start)
                if last > .start { acknowledged[resource] = last }
                return last
            }
        }
    }

    /// What holds nothing for an API needs no acknowledgement. And what it acknowledged in a log that
    /// was set back since says nothing of this one, in which it goes on from the beginning.
    private func remember(
        _ page: EndedSessionsPage,
        of poll: EndedSessionsPoll,
        for resource: ResourceID
    ) {
        guard case .acknowledged = poll.start else { return }
        endedSessions.acknowledged.withLock { acknowledged in
            if page.isOfAnotherLog { acknowledged[resource] = nil }
            guard page.tokens.isEmpty, page.mark > acknowledged[resource] ?? .start else { return }
            acknowledged[resource] = page.mark
        }
    }

    /// An empty page from there; or from the beginning, if this is not the log that was read.
    ///
    /// The last entry is never removed. So a position behind all entries, or one whose entry was
    /// written at another time, is of a store that was set back since; what ended meanwhile is
    /// lost. One whose entry is gone was left so long ago that its tokens have expired.
    private func page(
        from mark: EndMark,
        at now: Instant
    ) async throws(StorageError) -> EndedSessionsPage {
        guard mark > .start else { return EndedSessionsPage(mark: .start) }
        let entry = try await storage.ends(
            after: EndPosition(mark.position.value - 1),
            from: Instant(microseconds: 0),
            limit: 1
        ).first
        guard let entry, entry.position > mark.position || mark.isOf(entry) else {
            return EndedSessionsPage(mark: .start, unknownBefore: now, isOfAnotherLog: true)
        }
        return EndedSessionsPage(mark: mark)
    }

    private func fill(
        _ page: inout EndedSessionsPage,
        _ poll: EndedSessionsPoll,
        for resource: ResourceID,
        in snapshot: Snapshot,
        at now: Instant
    ) async throws {
        let lifetime = try await longestTokenLifetime(in: snapshot)
        for _ in 0..<(Self.maximumEndsRead / Self.endsReadAtOnce) {
            let entries = try await storage.ends(
                after: page.mark.whole,
                from: now - lifetime,
                limit: Self.endsReadAtOnce
            )
            for entry in entries {
                if entry.ended == .unknown {
                    page.unknownBefore = max(page.unknownBefore ?? entry.at, entry.at)
                }
                for concern in try await left(of: entry, after: page.mark, in: snapshot)
                where concern.element.audience.includes(resource) {
                    // An end of many names goes on in the next answer.
                    guard page.tokens.count < poll.maximum else {
                        page.hasMore = true
                        return
                    }
                    page.tokens.append(
                        try token(
                            of: entry,
                            concern,
                            for: resource,
                            lifetime: lifetime,
                            in: snapshot,
                            at: now
                        )
                    )
                    page.mark = EndMark(entry).told(concern.offset)
                }
                page.mark = EndMark(entry)
            }
            if entries.count < Self.endsReadAtOnce { return }
        }
        page.hasMore = true
    }

    /// No access token lives longer.
    private func longestTokenLifetime(in snapshot: Snapshot) async throws -> Duration {
        max(settings.accessTokenLifetime, try await snapshot.longestClientTokenLifetime())
    }

    /// Whom an entry concerns, but for those that were told before, each with its number.
    private func left(
        of entry: EndLogEntry,
        after mark: EndMark,
        in snapshot: Snapshot
    ) async throws -> ArraySlice<EnumeratedSequence<[EndedSessionsConcern]>.Element> {
        let told = mark.isOf(entry) ? mark.told ?? -1 : -1
        return try await Array(concerns(of: entry, in: snapshot).enumerated())
            .drop { $0.offset <= told }
    }

    private func token(
        of entry: EndLogEntry,
        _ concern: EnumeratedSequence<[EndedSessionsConcern]>.Element,
        for resource: ResourceID,
        lifetime: Duration,
        in snapshot: Snapshot,
        at now: Instant
    ) throws -> (id: String, token: String) {
        guard let signer = snapshot.keys.signer(for: .es256, of: .securityEvent, at: now) else {
            throw StorageError.corrupt("there is no ES256 key to sign with")
        }
        let mark = EndMark(entry)
        let id = mark.tokenID(concern.offset)
        let key = EndedSessionsMemory.TokenKey(
            mark: mark,
            index: concern.offset,
            resource: resource,
            keyID: signer.key.keyID
        )
        if let known = endedSessions.tokens[key] { return (id, known) }
        let claims = SessionRevokedClaims(
            issuer: settings.issuer,
            audience: [resource.rawValue],
            issuedAt: now.seconds,
            tokenID: id,
            subject: concern.element.subject,
            endedAt: entry.at.seconds,
            tokensExpireAt: (entry.at + lifetime).seconds + 1
        )
        let token = try signer.sign(claims.encoded())
        endedSessions.tokens[key] = token
        return (id, token)
    }
}
