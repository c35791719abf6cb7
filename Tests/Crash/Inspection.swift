/// Looks at sessions after their server came back, and says of each what was lost.
struct Inspection: Sendable {
    let client: TokenClient

    /// What the last request of a session may have done unseen.
    enum LastRequest: Sendable {
        /// Nothing, unless it got no answer.
        case doneIfAnswered
        /// It was told 503, and nothing was done.
        case notDone
    }

    /// All of it: sessions that could go on (with the token they have now), and complaints.
    func inspect(
        _ sessions: [Session],
        after last: LastRequest = .doneIfAnswered
    ) async -> (sessions: [Session], complaints: Complaints) {
        await withTaskGroup(of: (Session?, Complaints).self) { group in
            for session in sessions {
                group.addTask { await self.inspect(session, after: last) }
            }
            return await group.reduce(into: ([], [])) { all, one in
                if let session = one.0 { all.0.append(session) }
                all.1 += one.1
            }
        }
    }

    private func inspect(
        _ session: Session,
        after last: LastRequest
    ) async -> (Session?, Complaints) {
        guard let newest = session.tokens.last else { return (nil, []) }
        var complaints: Complaints = []
        let live = await liveTokens(of: session, &complaints)
        if live.count > 1 {
            complaints.append("\(session.app): \(live.count) tokens of one session live at once")
        }
        if let live = live.first, live != newest {
            complaints.append("\(session.app): an answered rotation was lost: an older token lives")
        }
        let mayBeDone = session.isUnsure && last == .doneIfAnswered
        if live.isEmpty, !mayBeDone {
            complaints.append("\(session.app): the token that was told last does not count")
        }
        let mayFail = mayBeDone && live.isEmpty && !session.app.mayAskAgain
        var outcome = await client.refresh(newest, of: session.app)
        if session.app.mayAskAgain, let successor = outcome.refreshToken {
            outcome = await client.refresh(newest, of: session.app)
            if outcome.refreshToken != successor {
                complaints.append("\(session.app): asked again, it got another token: \(outcome)")
            }
        }
        guard let successor = outcome.refreshToken else {
            if !mayFail {
                complaints.append("\(session.app): the newest token is burnt: \(outcome)")
            }
            return (nil, complaints)
        }
        guard let next = await client.refresh(successor, of: session.app).refreshToken else {
            complaints.append("\(session.app): the successor of the newest token does not work")
            return (nil, complaints)
        }
        var going = session
        going.tokens += [successor, next]
        going.isUnsure = false
        return (going, complaints)
    }

    /// The tokens of the session that count: there should be one, the newest.
    private func liveTokens(of session: Session, _ complaints: inout Complaints) async -> [String] {
        var live: [String] = []
        for token in session.tokens.reversed() {
            switch await client.isActive(token, of: session.app) {
            case true?: live.append(token)
            case false?: break
            case nil: complaints.append("\(session.app): a token could not be looked at")
            }
        }
        return live
    }

    /// Presents all earlier tokens, then the newest: not one may work, since the first of them
    /// ended the session.
    func end(_ sessions: [Session]) async -> Complaints {
        await withTaskGroup(of: Complaints.self) { group in
            for session in sessions where session.tokens.count > 2 {
                group.addTask { await self.end(session) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func end(_ session: Session) async -> Complaints {
        // The one before the newest may still bring it again, and is nothing earlier.
        let earlier = session.tokens.dropLast(2).shuffled()
        var complaints: Complaints = []
        for token in earlier + [session.tokens.last].compactMap(\.self) {
            let outcome = await client.refresh(token, of: session.app)
            guard case .refused(let error, _) = outcome, error == "invalid_grant" else {
                complaints.append("\(session.app): a superseded token was answered: \(outcome)")
                continue
            }
        }
        return complaints
    }
}
