import MartletProtocol

@testable import MartletCore

/// What is true of every life, looked at when something was committed or answered.
extension Life {
    // MARK: - Steps on a family

    func changedFamily(_ changed: Stage.ChangedFamily, by number: Int) {
        let request = requests[number]
        guard let family = ledger.families[changed.id] else {
            breaks(.table, "\(request) changed a family that nobody made")
            return
        }
        if !family.isGone, changed.view.family?.state != family.state {
            breaks(
                .table,
                "#\(number) found \(Self.words(changed.view.family?.state)), "
                    + "not \(Self.words(family.state))"
            )
            // From here on the store is believed, so that one mistake is not told twice.
            if let found = changed.view.family?.state { ledger.families[changed.id]?.state = found }
        }
        switch request.kind {
        case .refresh(let token, let disguise):
            judge(changed, by: request, token, disguise)
        case .revoke: ended(changed, by: request, for: .revokedByClient)
        case .exchange: ended(changed, by: request, for: .codeReuse)
        case .deed: ended(changed, by: request, for: .revokedByOperator)
        case .login: breaks(.table, "\(request) changed a family")
        }
    }

    private func judge(
        _ changed: Stage.ChangedFamily,
        by request: SimulatedRequest,
        _ token: String,
        _ disguise: SimulatedRequest.Disguise
    ) {
        guard disguise == .none || disguise == .badScope, let place = ledger.tokens[token],
            let arrived = request.arrived
        else {
            breaks(.table, "\(request) reached the family")
            return
        }
        let terms = Ledger.Terms(
            policy: ledger.held,
            arrived: arrived,
            hasBadScope: disguise == .badScope,
            isElsewhere: request.sender == .thief
        )
        let judgement = ledger.judge(
            place.place,
            of: place.family,
            terms: terms,
            at: changed.now
        )
        let events = changed.change.events.map(Ledger.word)
        let wroteNothing = changed.change.state == nil && events.isEmpty
        requests[request.number].expected = judgement.answer
        requests[request.number].mustStartAgain = wroteNothing && judgement.state != nil
        say("#\(request.number): \(judgement.row), \(Self.words(changed.change.state)) \(events)")
        guard !requests[request.number].mustStartAgain else { return }
        let mayBe = changed.view.family == nil ? nil : judgement.state
        if changed.change.state != mayBe || events != judgement.events {
            breaks(.table, "\(judgement.row) should write \(Self.words(mayBe)) \(judgement.events)")
        }
        if case .granted = judgement.answer, isSecretRotated, plan.isConfidential {
            requests[request.number].mustNotBeGranted = wroteNothing
            if !wroteNothing { breaks(.table, "an old secret was good") }
        }
        count(judgement, Holding(terms.policy), of: place.family)
        blame(request, judgement.row, token, of: place.family)
        write(changed.change.state, to: place.family)
        if case .granted = judgement.answer, request.sender == .thief {
            ledger.families[place.family]?.isStolenFrom = true
        }
    }

    private func count(_ judgement: Ledger.Judgement, _ holding: Holding, of id: FamilyID) {
        report.cells[.init(row: judgement.row, holding: holding), default: 0] += 1
        report.mostConsecutiveRepeats = max(
            report.mostConsecutiveRepeats,
            Int(judgement.state?.marks.consecutiveRepeats ?? 0)
        )
        if case .refused = judgement.answer { report.refusals += 1 }
    }

    /// What was really written is what the family is from now on.
    private func write(_ state: FamilyState?, to id: FamilyID) {
        guard let state, let before = ledger.families[id]?.state else { return }
        ledger.families[id]?.history.append(before)
        ledger.families[id]?.state = state
    }

    private func ended(
        _ changed: Stage.ChangedFamily,
        by request: SimulatedRequest,
        for reason: EndReason
    ) {
        guard let family = ledger.families[changed.id] else { return }
        let isOver =
            family.isGone || family.state.ended != nil
            || ledger.lostStanding(family.authorized)
        var state: FamilyState?
        if !isOver {
            state = family.state
            state?.ended = Ended(reason: reason, at: changed.now)
        }
        let events = changed.change.events.map(Ledger.word)
        say("#\(request.number): ends \(changed.id), \(Self.words(changed.change.state))")
        if changed.change.state != state || events != (isOver ? [] : ["end"]) {
            breaks(.table, "\(request) should write \(Self.words(state))")
        }
        write(changed.change.state, to: changed.id)
    }

    // MARK: - The promise to honest clients

    /// An app that keeps to its policy is never taken for a thief.
    ///
    /// What it may do: with `until_used`, present a token however often and late until it has seen
    /// the successor; with an overlap in seconds, the same for so long after it first sent the
    /// token; with overlap 0, present a token once, and again only if it was told that nothing had
    /// been changed (503): a lost answer costs it the session, which is what overlap 0 means. A
    /// static token has no successor, so nothing can be used twice.
    private func blame(
        _ request: SimulatedRequest,
        _ row: Row,
        _ token: String,
        of id: FamilyID
    ) {
        guard row == .reusesPrevious || row == .reusesOlder, case .tab = request.sender,
            let sent = sent[token], let arrived = request.arrivedTruly,
            let family = ledger.families[id]
        else { return }
        let isExcused =
            family.isStolenFrom || family.wasRolledBack || plan.losesPatience
            || plan.manners == .carelessTabs || sent.clockSteps != clockSteps
            || sent.policyChanges != policyChanges
        guard !isExcused else { return }
        let kept =
            switch (ledger.held.rotation, ledger.held.overlap) {
            case (.static, _), (.rotating, .untilUsed): true
            case (.rotating, .seconds(0)): sent.open == 1
            case (.rotating, .seconds(let seconds)): arrived - sent.first < .seconds(seconds)
            }
        if kept { breaks(.honestLoggedOut, "\(request)") }
    }

    // MARK: - New families

    func insertedFamily(_ inserted: Stage.InsertedFamily, by number: Int) {
        guard let change = inserted.change else { return }
        let authorized = inserted.family.authorized
        requests[number].made = authorized.id
        say("#\(number) makes \(authorized.id)")
        if ledger.lostStanding(authorized) { breaks(.table, "made under epochs that are over") }
        if let code = inserted.redeemed {
            if ledger.usedCodes.updateValue(authorized.id, forKey: code) != nil {
                breaks(.code, "\(requests[number]) was not the first")
            }
        }
        let expected = toEnd(for: authorized, at: inserted.now)
        let written = change.writes.compactMap { write -> FamilyID? in
            guard case .state(let id, let state) = write else { return nil }
            if state.ended != Ended(reason: .replaced, at: inserted.now) {
                breaks(.table, "\(id) makes room without an end")
            }
            self.write(state, to: id)
            return id
        }
        if written != expected { breaks(.table, "\(expected) make room, not \(written)") }
        let events = change.events.map(Ledger.word)
        if events != ["made"] + expected.map({ _ in "end" }) {
            breaks(.table, "\(requests[number]) wrote \(events)")
        }
        if let arrived = requests[number].arrived,
            authorized.absoluteEnd != arrived + ledger.policy.absoluteLifetime
        {
            breaks(.lifetime, "the absolute end is \(authorized.absoluteEnd)")
        }
        ledger.families[authorized.id] = Ledger.Family(
            authorized: authorized,
            chain: [nil],
            state: inserted.family.state
        )
    }

    /// The least recently used, as many as there are too many.
    private func toEnd(for family: AuthorizedFamily, at now: Instant) -> [FamilyID] {
        let living = ledger.families.values.filter { !ledger.isOver($0, at: now) }
            .sorted {
                ($0.state.lastRotation, $0.authorized.id)
                    < ($1.state.lastRotation, $1.authorized.id)
            }
        return living.prefix(max(0, living.count + 1 - ledger.policy.maxSessions))
            .map(\.authorized.id)
    }

    // MARK: - Records

    func saved(_ changes: [RecordChange], by number: Int) {
        ledger.save(changes)
        guard case .deed(let deed, let policy) = requests[number].kind else { return }
        say("#\(number): \(deed) is done")
        if let policy {
            ledger.policy = policy
            policyChanges += 1
            presentSomethingOld()
        }
        if deed == .rotateSecret { isSecretRotated = true }
    }

    // MARK: - Answers

    func finished(_ number: Int, _ outcome: Stage.Outcome) {
        answers.append((number, outcome))
        let request = requests[number]
        switch request.kind {
        case .refresh(let token, let disguise): refreshed(request, token, disguise, outcome)
        case .login, .exchange: began(request, outcome)
        case .revoke, .deed: break
        }
    }

    private func refreshed(
        _ request: SimulatedRequest,
        _ token: String,
        _ disguise: SimulatedRequest.Disguise,
        _ outcome: Stage.Outcome
    ) {
        let id = ledger.tokens[token]?.family
        if case .granted(let response) = outcome {
            if request.mustNotBeGranted { breaks(.table, "an old secret was good") }
            reviewGrant(request, token, response, of: id)
        }
        switch (request.expected, outcome) {
        case (.granted(let id, let place), .granted(let response))
        where !request.mustStartAgain:
            handedOut(response, place, of: id, by: request)
        case (.refused(let expected), .refused(let error))
        where expected == error && !request.mustStartAgain:
            if error == RefreshVerdict.usedTwice || error == RefreshVerdict.ended, let id {
                answered(id, request, token, nil)
            }
        case (_, .unavailable) where request.hadFailedStep && !wrote(request): break
        case (_, .refused(let error)) where mayBeRefused(request, disguise, error, of: id): break
        default:
            breaks(
                .answer,
                "\(request) was told \(Self.words(outcome)), not \(request.expected)"
            )
        }
    }

    /// Whether the last committed step stands for an answer that must not be taken back.
    private func wrote(_ request: SimulatedRequest) -> Bool {
        guard case .granted(let id, let place) = request.expected, !request.mustStartAgain,
            let family = ledger.families[id]
        else { return false }
        // The token at the place is still to be handed out.
        return place >= family.chain.count
    }

    /// Refusals that no step on the family stands for.
    private func mayBeRefused(
        _ request: SimulatedRequest,
        _ disguise: SimulatedRequest.Disguise,
        _ error: OAuthError,
        of id: FamilyID?
    ) -> Bool {
        if wrote(request) { return false }
        if error.code == .invalidClient {
            return disguise == .noSecret || ledger.epochs[.client] == nil
                || isSecretRotated && plan.isConfidential
        }
        guard error == RefreshVerdict.invalid else { return false }
        let isGone = id.flatMap { ledger.families[$0]?.isGone } ?? true
        return disguise == .otherClient || disguise == .altered || isGone
    }

    private func handedOut(
        _ response: TokenResponse,
        _ place: Int,
        of id: FamilyID,
        by request: SimulatedRequest
    ) {
        guard let token = response.refresh?.token, var family = ledger.families[id] else {
            breaks(.answer, "\(request) got no refresh token")
            return
        }
        while family.chain.count <= place { family.chain.append(nil) }
        if let known = family.chain[place] {
            if known != token { breaks(.branch, "…\(token.suffix(6)), not …\(known.suffix(6))") }
        } else {
            if ledger.tokens[token] != nil { breaks(.branch, "…\(token.suffix(6)) is not its own") }
            family.chain[place] = token
            ledger.tokens[token] = (id, place)
            ledger.families[id] = family
        }
        promises(response, family, request)
    }

    /// No answer promises more than there is when it is committed; that of a login, when it
    /// arrived.
    private func promises(
        _ response: TokenResponse,
        _ family: Ledger.Family,
        _ request: SimulatedRequest
    ) {
        let began = request.made == nil ? now : request.arrived ?? now
        let now = max(began, family.state.lastRotation)
        let end = ledger.end(of: family)
        let left = max(0, (end - now).wholeSeconds)
        if response.refresh?.timeout != left {
            breaks(.lifetime, "\(request) is told \(response.refresh?.timeout ?? 0), not \(left)")
        }
        if response.expiresIn > 0, now.seconds + response.expiresIn > end.seconds {
            breaks(.lifetime, "\(request) got an access token that outlives the family")
        }
        // Reading every access token would take most of the time.
        guard (plan.seed &+ UInt64(request.number)) % 16 == 0 else { return }
        let claims = world.nodes[0].signedAccessToken(
            response.accessToken,
            keys: world.template.keys
        )
        guard let claims, claims.sessionID == family.authorized.id.description,
            claims.expiresAt <= end.seconds || claims.expiresAt <= now.seconds
        else {
            breaks(.lifetime, "\(request) got an access token that is not good")
            return
        }
    }

    private func began(_ request: SimulatedRequest, _ outcome: Stage.Outcome) {
        switch outcome {
        case .granted(let response):
            guard let id = request.made, let token = response.refresh?.token else {
                breaks(.answer, "\(request) made no family")
                return
            }
            guard ledger.families[id]?.chain == [nil], ledger.tokens[token] == nil else {
                breaks(.branch, "\(request) got a token of before")
                return
            }
            ledger.families[id]?.chain = [token]
            ledger.tokens[token] = (id, 0)
            if let family = ledger.families[id] { promises(response, family, request) }
            if plan.isAged { age(id, token, request) }
        case .refused(let error) where error == AuthorizationCodeGrant.invalid:
            secondUse(of: request)
        case .refused, .unavailable, .done, .failed:
            if request.made != nil { breaks(.answer, "\(request) made a family and was refused") }
        }
    }

    /// A code that was used is presented again: what came of it is over by now.
    private func secondUse(of request: SimulatedRequest) {
        guard case .exchange(let key, _) = request.kind, let id = ledger.usedCodes[key],
            let family = ledger.families[id]
        else { return }
        report.codesUsedAgain += 1
        let isOver =
            family.isGone || family.state.ended != nil || ledger.lostStanding(family.authorized)
            || now >= family.authorized.absoluteEnd
        if !isOver {
            breaks(.code, "\(request) ended nothing")
        }
    }

    /// Moves a family that was just made to a few generations before the last one.
    private func age(_ id: FamilyID, _ token: String, _ request: SimulatedRequest) {
        guard case .issued(let first) = RefreshToken.read(token, with: world.template.keys.refresh),
            var family = ledger.families[id], family.state.ended == nil
        else { return }
        family.base = Generation.last.value - UInt32(random.below(5))
        family.state.generation = Generation(family.base)
        guard
            let aged = first.with(generation: family.state.generation)
                .encoded(with: world.template.keys.refresh)
        else { return }
        family.chain = [aged]
        ledger.tokens[token] = nil
        ledger.tokens[aged] = (id, 0)
        ledger.families[id] = family
        world.put(family.state, for: family.authorized)
        guard case .granted(let response) = answers.last?.outcome else { return }
        answers[answers.count - 1].outcome = .granted(response.with(aged))
    }

    // MARK: - From outside

    private func reviewGrant(
        _ request: SimulatedRequest,
        _ token: String,
        _ response: TokenResponse,
        of id: FamilyID?
    ) {
        guard let id, let brought = response.refresh?.token else { return }
        answered(id, request, token, brought)
    }

    private func answered(
        _ id: FamilyID,
        _ request: SimulatedRequest,
        _ token: String,
        _ brought: String?
    ) {
        guard let arrived = request.arrived, let family = ledger.families[id] else { return }
        reviewed[id, default: []].append(
            LifeReview.Answer(
                presented: token,
                brought: brought,
                arrived: arrived,
                committed: max(now, family.state.lastRotation),
                overlap: ledger.held.overlap
            )
        )
    }

    func review() {
        for (id, answers) in reviewed.sorted(by: { $0.key < $1.key }) {
            guard let family = ledger.families[id], !family.wasRolledBack,
                let first = family.chain.first ?? nil
            else { continue }
            for (broken, text) in LifeReview(first: first, answers: answers).broken {
                breaks(broken, text)
            }
        }
    }

    /// The history of a family is its making, one new address, its first reuse and its end at most.
    func examineHistory() {
        let entries = world.wait { [storage = world.storage] in
            try await storage.inner.events(of: .all, limit: 1000)
        }
        var words: [FamilyID: [String]] = [:]
        for entry in (entries ?? []).reversed() {
            guard let id = entry.event.stored.family else { continue }
            words[id, default: []].append(Ledger.word(for: entry.event))
        }
        for (id, family) in ledger.families where !family.wasRolledBack && !family.isGone {
            var most = words[id] ?? []
            guard most.first == "made" else {
                breaks(.events, "\(id) begins with \(most)")
                continue
            }
            most.removeFirst()
            let isEnded = most.last == "end"
            if isEnded { most.removeLast() }
            let isReused = most.last == "reuse"
            if isReused { most.removeLast() }
            if most.first == "address" { most.removeFirst() }
            if !most.isEmpty || isEnded != (family.state.ended != nil)
                || isReused != (family.state.ended?.reason == .reuse)
            {
                breaks(.events, "\(id): \(words[id] ?? []), ended \(isEnded)")
            }
        }
    }

    static func words(_ state: FamilyState?) -> String {
        guard let state else { return "nothing" }
        let ended = state.ended.map { ", ended: \($0.reason)" } ?? ""
        return "generation \(state.generation) marks \(state.marks.packed) at "
            + "\(state.lastRotation.microseconds)\(ended)"
    }
}

extension TokenResponse {
    /// The same answer with another refresh token.
    fileprivate func with(_ token: String) -> TokenResponse {
        TokenResponse(
            accessToken: accessToken,
            expiresIn: expiresIn,
            scope: scope,
            refresh: refresh.map {
                Refresh(
                    token: token,
                    timeout: $0.timeout,
                    authorizationExpiresIn: $0.authorizationExpiresIn
                )
            },
            idToken: idToken
        )
    }
}
