import MartletCore
import MartletProtocol

/// What a token is, whether it works and why not, in plain sentences: `martlet token explain`.
/// The token itself is never repeated.
struct TokenStory: Showable {
    let explanation: TokenExplanation
    let now: Instant

    var text: String {
        var paragraphs = [sentences.joined(separator: "\n")]
        if let story {
            paragraphs.append(
                [story.standing, story.use, story.scope].joined(separator: "\n")
            )
        }
        let life = story?.life ?? strayHistory.life
        if !life.isEmpty {
            paragraphs.append((["Its life:"] + life.map { "  \($0)" }).joined(separator: "\n"))
        }
        return paragraphs.joined(separator: "\n\n")
    }

    var json: JSONValue {
        var object = JSONObject()
        object["kind"] = kind.json { .string($0) }
        object["works"] = .bool(works)
        object["status"] = .string(status)
        object["explanation"] = .array(sentences.map { .string($0) })
        addParticulars(to: &object)
        object["session"] = story.json { .object($0.json) }
        object["history"] = story?.historyJSON ?? strayHistory.json
        return .object(object)
    }

    /// The session's story, if there is a session.
    private var story: SessionStory? {
        let session: AuthorizationServer.Session?
        switch explanation.finding {
        case .refreshToken(let finding): session = finding.session
        case .accessToken(let finding): session = finding.session
        case .notOurs, .badTag, .unknownKey, .noFamily: session = nil
        }
        return session.map {
            SessionStory(session: $0, history: explanation.history, now: now)
        }
    }

    /// What is left of a session that is gone.
    private var strayHistory: StrayHistory {
        StrayHistory(entries: explanation.history, now: now)
    }

    private var kind: String? {
        switch explanation.finding {
        case .notOurs: nil
        case .badTag, .unknownKey, .noFamily, .refreshToken: WireName.refreshToken
        case .accessToken: WireName.accessToken
        }
    }

    private var works: Bool {
        switch explanation.finding {
        case .notOurs, .badTag, .unknownKey, .noFamily: false
        case .refreshToken(let finding): finding.status.works
        case .accessToken(let finding): finding.works
        }
    }

    /// One word for programs.
    private var status: String {
        switch explanation.finding {
        case .notOurs: "not_ours"
        case .badTag: "bad_tag"
        case .unknownKey: "unknown_key"
        case .noFamily: "no_session"
        case .refreshToken(let finding): finding.status.name
        case .accessToken(let finding): finding.status
        }
    }

    private var sentences: [String] {
        switch explanation.finding {
        case .notOurs:
            [
                "This is no token of this server: neither a refresh token of its form nor an "
                    + "access token that one of its keys signed.",
                "It never worked here; presenting it changes nothing.",
            ]
        case .badTag:
            [
                "This looks like a refresh token, but this server did not make it: its tag does "
                    + "not verify, so it is made up, altered or cut off.",
                "It never worked; presenting it is refused before the store is asked, and ends "
                    + "nothing.",
            ]
        case .unknownKey(let id):
            [
                "This looks like a refresh token that was tagged with key \(id), which this store "
                    + "does not have: the key was dropped, or the token is another server's.",
                "It does not work; presenting it is refused and ends nothing.",
            ]
        case .noFamily(let id, let generation):
            [
                "This is a genuine refresh token, number \(generation) of the session \(id), "
                    + "which is no longer kept: it was over long ago.",
                "It does not work; presenting it is refused and changes nothing.",
            ]
        case .refreshToken(let finding): finding.sentences(at: now, story: story)
        case .accessToken(let finding): finding.sentences(at: now, story: story)
        }
    }

    private func addParticulars(to object: inout JSONObject) {
        switch explanation.finding {
        case .notOurs, .badTag: break
        case .unknownKey(let id): object["key"] = .integer(Int64(id.value))
        case .noFamily(let id, let generation):
            object["sid"] = .string(id.description)
            object["generation"] = .integer(Int64(generation.value))
        case .refreshToken(let finding):
            object["generation"] = .integer(Int64(finding.generation.value))
            object["superseded_at_or_before"] = finding.supersededAtOrBefore.json(\.json)
            object["presenting_it_again"] = .string(finding.status.effect)
        case .accessToken(let finding): finding.addClaims(to: &object)
        }
    }
}

/// The entries that outlive their session.
private struct StrayHistory {
    let entries: [AuditEntry]
    let now: Instant

    var life: [String] { entries.map { $0.told(at: now) } }
    var json: JSONValue { .array(entries.map(\.json)) }
}

// MARK: - Refresh tokens

extension TokenExplanation.RefreshTokenFinding {
    fileprivate func sentences(at now: Instant, story: SessionStory?) -> [String] {
        let session = story?.name ?? "a session"
        let this = "This is a genuine refresh token: number \(generation) of \(session)."
        let superseded = supersededAtOrBefore.map {
            "It was superseded at or before \($0.told(at: now)): a newer token was handed out for it."
        }
        return [this] + [superseded].compactMap(\.self) + status.sentences
    }

    /// Only the newest rotation's time is kept, so of an earlier token this is all that is known.
    fileprivate var supersededAtOrBefore: Instant? {
        let state = session.family.state
        return generation < state.generation ? state.lastRotation : nil
    }
}

extension TokenExplanation.RefreshTokenFinding.Status {
    fileprivate var works: Bool {
        switch self {
        case .current, .superseded(_, presentingItAgain: .repeatsTheSuccessor): true
        case .superseded(_, presentingItAgain: .endsTheFamily), .over, .aheadOfState: false
        }
    }

    fileprivate var name: String {
        switch self {
        case .current: "current"
        case .superseded: "superseded"
        case .over: "over"
        case .aheadOfState: "ahead_of_state"
        }
    }

    /// What presenting the token now would do, for programs.
    fileprivate var effect: String {
        switch self {
        case .current: "refreshes_the_session"
        case .superseded(_, .repeatsTheSuccessor): "repeats_the_successor"
        case .superseded(_, .endsTheFamily): "ends_the_session"
        case .over, .aheadOfState: "nothing"
        }
    }

    fileprivate var sentences: [String] {
        switch self {
        case .current:
            ["It works: it is the newest of its session, and presenting it refreshes the session."]
        case .superseded(_, .repeatsTheSuccessor):
            [
                "It still works, since its overlap is not over: presenting it brings the same "
                    + "newer token again."
            ]
        case .superseded(_, .endsTheFamily):
            [
                "It does not work: presenting it again is taken for theft, and ends the session at "
                    + "once, newest token included."
            ]
        case .over:
            [
                "It does not work, since its session is over: presenting it is refused and changes "
                    + "nothing."
            ]
        case .aheadOfState:
            [
                "It does not work, and this is alarming: it is newer than anything that the store "
                    + "knows of its session.",
                "Either the store was put back to an older copy, or somebody has the master key; "
                    + "in the second case run martlet key rotate --compromised with a new master "
                    + "key.",
            ]
        }
    }
}

// MARK: - Access tokens

extension TokenExplanation.AccessTokenFinding {
    fileprivate var works: Bool { !hasExpired && !isDenied && session?.ended == nil }

    fileprivate var status: String {
        if hasExpired { return "expired" }
        if isDenied { return "revoked" }
        return session?.ended == nil ? "current" : "over"
    }

    fileprivate func sentences(at now: Instant, story: SessionStory?) -> [String] {
        let audience = claims.audience.map { "“\($0.printable)”" }.joined(separator: " and ")
        let origin =
            story.map { "It comes from \($0.name)." }
            ?? (claims.sessionID == nil
                ? "It is the client's own: no person and no session stands behind it."
                : "The session that it came from is no longer kept.")
        return [
            "This is an access token that this server signed for the client "
                + "“\(claims.clientID.printable)”, to be used at \(audience).",
            origin,
            "It was issued \(Instant(seconds: claims.issuedAt).told(at: now)).",
        ] + verdict(at: now)
    }

    private func verdict(at now: Instant) -> [String] {
        let expiry = Instant(seconds: claims.expiresAt).told(at: now)
        if hasExpired {
            return ["It does not work any more: it expired \(expiry)."]
        }
        let locally =
            "APIs that check it locally accept it until it expires \(expiry); introspection says "
            + "that it is not active."
        if isDenied { return ["The client revoked it.", locally] }
        if session?.ended != nil { return ["Its session is over.", locally] }
        return ["It works, and expires \(expiry)."]
    }

    fileprivate func addClaims(to object: inout JSONObject) {
        object["jti"] = .string(claims.tokenID)
        object["aud"] = .array(claims.audience.map { .string($0) })
        object["sub"] = .string(claims.subject)
        object[WireName.clientID] = .string(claims.clientID)
        object[WireName.scope] = .string(claims.scope)
        object["issued_at"] = Instant(seconds: claims.issuedAt).json
        object["expires_at"] = Instant(seconds: claims.expiresAt).json
        object["revoked"] = .bool(isDenied)
    }
}
