import MartletProtocol

@testable import MartletCore

/// Who does what, and when: the app, the thief, and everybody else.
extension Life {
    enum Actor { case tab(Int), thief, deed(Int) }

    func begin() {
        switch plan.start {
        case .login: send(.tab(0), .login)
        case .code, .device: beginWithCode()
        }
        thief = plan.thief.map { Thief(kind: $0, wakesAt: trueNow + soon()) }
        for deed in plan.deeds {
            deeds.append((trueNow + random.pick([soon(), sometime(), sometime()]), deed))
        }
    }

    private func beginWithCode() {
        let (key, code) = putCode(ofDevice: plan.start == .device)
        send(.tab(0), .exchange(key, code: code))
        // A form that was sent twice, or somebody who saw the code.
        if random.chance(50) {
            let other = plan.tabs > 1 && random.chance(50)
            send(other ? .tab(1) : .thief, .exchange(key, code: code))
        }
    }

    /// Moments to minutes.
    func soon() -> Duration {
        random.duration(
            upTo: random.pick([.milliseconds(50), .seconds(2), .seconds(20), .minutes(5)])
        )
    }

    /// Up to somewhat more than a family lives unused.
    func sometime() -> Duration {
        let idle = plan.policy.idleLifetime
        return random.duration(upTo: random.pick([.minutes(5), idle, idle + idle / 5]))
    }

    // MARK: - Whose turn it is

    private var mayBegin: Bool { requests.count < plan.budget }

    var nextWake: Instant? {
        guard mayBegin else { return nil }
        var times = tabs.compactMap(\.wakesAt) + deeds.map(\.at)
        if let thief = thief?.wakesAt { times.append(thief) }
        return times.min()
    }

    var dueActors: [Actor] {
        guard mayBegin else { return [] }
        var due = tabs.indices.filter { isDue(tabs[$0].wakesAt) }.map(Actor.tab)
        if isDue(thief?.wakesAt) { due.append(.thief) }
        due += deeds.indices.filter { isDue(deeds[$0].at) }.map(Actor.deed)
        return due
    }

    private func isDue(_ time: Instant?) -> Bool { time.map { $0 <= trueNow } ?? false }

    func act(_ actor: Actor) {
        switch actor {
        case .tab(let tab): tabActs(tab)
        case .thief: thiefActs()
        case .deed(let index): perform(deeds.remove(at: index).deed)
        }
    }

    // MARK: - The app

    private func tabActs(_ tab: Int) {
        tabs[tab].wakesAt = nil
        if tabs[tab].signsIn {
            tabs[tab].signsIn = false
            send(.tab(tab), .login)
            return
        }
        guard let stored = jar else { return }
        if plan.manners != .carelessTabs, tabs[tab].retry != stored { tabs[tab].retry = nil }
        let token = tabs[tab].retry ?? stored
        let othersWait = tabs.contains { other in
            other.inFlight.map { requests[$0].token != token } ?? false
        }
        if plan.manners == .patientTabs, othersWait {
            tabs[tab].wakesAt = trueNow + .seconds(1)
            return
        }
        send(.tab(tab), .refresh(token, .none))
    }

    func tabHears(_ tab: Int, _ number: Int, _ outcome: Stage.Outcome) {
        guard tabs[tab].inFlight == number else { return }
        tabs[tab].inFlight = nil
        let request = requests[number]
        switch outcome {
        case .granted(let response):
            guard let newest = response.refresh?.token else { return }
            if let token = request.token {
                if token == newest { hearsAgain(token) }
                if plan.manners == .carelessTabs || jar == token { jar = newest }
            } else {
                jar = newest
            }
            tabs[tab].retry = nil
            tabs[tab].attempts = 0
            for index in tabs.indices where tabs[index].inFlight == nil {
                tabs[index].wakesAt = tabs[index].wakesAt ?? trueNow + untilNextUse(response)
            }
            tabs[tab].wakesAt = trueNow + untilNextUse(response)
            if thief?.kind == .lockstep {
                thief?.wakesAt = trueNow + random.duration(upTo: .seconds(2))
            }
        case .unavailable:
            if let token = request.token { sent[token]?.open -= 1 }
            tries(tab, request, again: trueNow + .milliseconds(500))
        case .refused(let error): tabIsRefused(tab, request, error)
        case .done, .failed: break
        }
    }

    /// The token that was presented came back, so whatever was sent with it is done; but for what other
    /// tabs have under way.
    private func hearsAgain(_ token: String) {
        let underWay = tabs.count { $0.inFlight.map { requests[$0].token == token } ?? false }
        if underWay == 0 { sent[token] = nil } else { sent[token]?.open = underWay }
    }

    func tabHearsNothing(_ tab: Int, _ number: Int) {
        guard tabs[tab].inFlight == number else { return }
        tabs[tab].inFlight = nil
        let isSoon = plan.isPrompt && tabs[tab].attempts < 6
        var again =
            trueNow
            + (isSoon
                ? random.duration(upTo: .milliseconds(150)) : random.pick([soon(), sometime()]))
        if !isSoon, random.chance(50), let edge = edge() { again = edge }
        tries(tab, requests[number], again: again)
    }

    private func tries(_ tab: Int, _ request: SimulatedRequest, again at: Instant) {
        tabs[tab].attempts += 1
        tabs[tab].wakesAt = at
        switch request.kind {
        case .refresh(let token, _): tabs[tab].retry = token
        case .login, .exchange: tabs[tab].signsIn = true
        case .revoke, .deed: break
        }
    }

    private func tabIsRefused(_ tab: Int, _ request: SimulatedRequest, _ error: OAuthError) {
        guard error.code == .invalidGrant else { return }
        let hasMovedOn = request.token != nil && jar != request.token
        tabs[tab].retry = nil
        tabs[tab].wakesAt = trueNow + soon()
        if hasMovedOn { return }
        report.honestLogouts += 1
        if random.chance(50), !ledger.epochs.isEmpty {
            tabs[tab].signsIn = true
        } else if random.chance(70) {
            // Somebody who does not believe it.
            tabs[tab].retry = request.token
        } else {
            jar = nil
        }
    }

    /// When a tab refreshes again.
    private func untilNextUse(_ response: TokenResponse) -> Duration {
        switch random.below(10) {
        case 0, 1, 2: .seconds(response.expiresIn)
        case 3, 4: random.duration(upTo: .seconds(3))
        case 5, 6: edge().map { $0 - trueNow } ?? .seconds(1)
        case 7: sometime()
        default: soon()
        }
    }

    /// A request that takes too long is given up, and arrives all the same.
    func loseOnesPatience() {
        guard plan.losesPatience, random.chance(30) else { return }
        for tab in tabs.indices {
            guard let number = tabs[tab].inFlight else { continue }
            say("tab \(tab) gives #\(number) up")
            tabHearsNothing(tab, number)
        }
    }

    // MARK: - The thief

    private func thiefActs() {
        guard let kind = thief?.kind else { return }
        thief?.wakesAt = nil
        if kind == .hoarder || thief?.loot.isEmpty == true, let token = jar,
            thief?.loot.last != token
        {
            say("the thief copies …\(token.suffix(6))")
            thief?.loot.append(token)
            // In lockstep it comes after the user's next rotation.
            let wait = kind == .lockstep ? .days(1) : kind == .late ? sometime() : soon()
            thief?.wakesAt = trueNow + wait
            return
        }
        guard let loot = thief?.loot.filter({ !$0.isEmpty }), let last = loot.last else {
            thief?.wakesAt = trueNow + .seconds(1)
            if jar == nil, tabs.allSatisfy({ $0.inFlight == nil && $0.wakesAt == nil }) {
                thief?.wakesAt = nil
            }
            return
        }
        var disguise = SimulatedRequest.Disguise.none
        if !plan.thiefHasSecret, plan.isConfidential { disguise = .noSecret }
        if random.chance(kind == .hoarder ? 40 : 10) {
            disguise = random.pick(SimulatedRequest.Disguise.allCases)
        }
        if disguise == .noSecret, !plan.isConfidential { disguise = .badScope }
        send(.thief, .refresh(kind == .hoarder ? random.pick(loot) : last, disguise))
        thief?.wakesAt = trueNow + .days(1)
    }

    func thiefHears(_ outcome: Stage.Outcome) {
        if case .granted(let response) = outcome, let token = response.refresh?.token {
            thief?.loot.append(token)
        }
        let wait: Duration
        switch thief?.kind {
        case .late: wait = random.pick([soon(), sometime()])
        case .lockstep: wait = .days(1)
        case .early, .hoarder, nil: wait = soon()
        }
        thief?.wakesAt = trueNow + wait
        if thief?.kind != .lockstep, random.chance(20), let edge = edge() { thief?.wakesAt = edge }
    }

    // MARK: - Everybody else

    private func perform(_ deed: LifePlan.Deed) {
        switch deed {
        case .clientRevokes:
            let known = ledger.families.values.flatMap { $0.chain.compactMap(\.self) }.sorted()
            guard let token = random.chance(60) ? jar : known.isEmpty ? nil : random.pick(known)
            else { return }
            send(.somebody, .revoke(token))
        case .loginElsewhere: send(.somebody, .login)
        case .tidy: tidy()
        case .rollBack: rollBack()
        case .otherPolicy:
            send(.somebody, .deed(deed, LifePlan.policy(&random, staticInHundred: 50)))
        case .endSession, .endAllOfAccount, .endAllOfClient, .disable, .enable, .newPassword,
            .withdrawConsent, .deleteAccount, .deleteClient, .rotateSecret:
            send(.somebody, .deed(deed, nil))
        }
    }

    /// Long after the end: what is left is taken away, and somebody comes back.
    private func tidy() {
        guard let last = ledger.families.values.map(\.authorized.absoluteEnd).max() else { return }
        pass(to: last + KeyRing.publishedAfterUse + .seconds(1) - skew)
        let now = now
        world.wait { [storage = world.storage] in
            _ = try await Housekeeping(storage: storage.inner).tidy(at: now)
        }
        for (id, family) in ledger.families
        where family.authorized.absoluteEnd < now - KeyRing.publishedAfterUse {
            ledger.families[id]?.isGone = true
        }
        say("what is over was taken away")
        for tab in tabs.indices where tabs[tab].inFlight == nil { tabs[tab].wakesAt = trueNow }
    }

    /// Somebody kept a token that was superseded, and tries it when the policy has changed.
    func presentSomethingOld() {
        let old = ledger.families.values
            .filter { !ledger.isOver($0, at: now) }
            .flatMap { $0.chain.prefix($0.current).compactMap(\.self) }
            .sorted()
        guard !old.isEmpty, random.chance(40) else { return }
        send(.thief, .refresh(random.pick(old), .none))
    }

    /// A copy of the store from earlier takes its place, and nobody says so.
    private func rollBack() {
        let families = ledger.families.values
            .filter { !$0.history.isEmpty && !$0.isGone }
            .sorted { $0.authorized.id < $1.authorized.id }
        guard !families.isEmpty else { return }
        let family = random.pick(families)
        let state = random.pick(family.history)
        world.put(state, for: family.authorized)
        ledger.families[family.authorized.id]?.state = state
        ledger.families[family.authorized.id]?.wasRolledBack = true
        say("the store is rolled back to generation \(state.generation)")
        if random.chance(50) {
            let policy = LifePlan.policy(&random, staticInHundred: 100)
            send(.somebody, .deed(.otherPolicy, policy))
        }
        for tab in tabs.indices where tabs[tab].inFlight == nil {
            tabs[tab].wakesAt = trueNow + .seconds(1)
        }
    }
}
