import MartletProtocol
import MartletTesting

@testable import MartletCore

/// One life: a person's app, perhaps a thief, perhaps an operator, before the real server, with
/// everything that chance decides decided by a seed: who does what when, which of the waiting
/// requests goes on, what is lost, what fails, how the clock runs.
///
/// All of it happens on one thread. Each turn moves one thing: a request arrives, a story's step is
/// let go, an answer is delivered or lost, somebody begins something, or time passes. What was
/// committed is compared with the ``Ledger``; the answers are reviewed once more at the end.
final class Life {
    /// One tab of the app, or all of it.
    struct Tab {
        var inFlight: Int?
        /// The token whose answer was lost.
        var retry: String?
        var attempts = 0
        var wakesAt: Instant?
        var signsIn = false
    }

    /// What the app knows of a token that it presented.
    struct SentToken {
        /// When it was first sent, by true time.
        let first: Instant
        let clockSteps: Int
        let policyChanges: Int
        /// Requests with it that were not told that nothing had been changed.
        var open = 0
    }

    struct Thief {
        let kind: LifePlan.ThiefKind
        var loot: [String] = []
        var wakesAt: Instant?
    }

    let plan: LifePlan
    let world: SimulatedWorld
    let isTraced: Bool
    var random: SeededNumbers
    var ledger: Ledger
    var report = LifeReport()
    private(set) var trace: [String] = []

    var requests: [SimulatedRequest] = []
    /// Sent, and not there yet.
    var transit: [Int] = []
    /// Answered, and not delivered yet.
    var answers: [(request: Int, outcome: Stage.Outcome)] = []
    var reviewed: [FamilyID: [LifeReview.Answer]] = [:]

    /// The app's time. The server's clock shows it with an error.
    var trueNow: Instant
    var skew: Duration = .zero
    var clockSteps = 0
    var policyChanges = 0
    var isSecretRotated = false

    var tabs: [Tab]
    /// The newest token that the app has stored.
    var jar: String?
    var sent: [String: SentToken] = [:]
    var thief: Thief?
    var deeds: [(at: Instant, deed: LifePlan.Deed)] = []

    init(
        seed: UInt64,
        _ template: SimulationTemplate,
        mistake: Mistake? = nil,
        isTraced: Bool = false
    ) {
        random = SeededNumbers(seed: seed)
        plan = LifePlan(seed: seed, &random)
        world = SimulatedWorld(template, plan: plan, mistake: mistake)
        world.stage.clear(readsWait: plan.readsWait)
        self.isTraced = isTraced
        trueNow = plan.begins
        tabs = Array(repeating: Tab(), count: plan.tabs)
        ledger = Ledger(
            epochs: template.epochs(of: world.client),
            policy: plan.policy,
            isConfidential: plan.isConfidential
        )
        begin()
    }

    var now: Instant { world.clock.now }

    func live() -> LifeReport {
        for _ in 0..<LifePlan.maximumTurns {
            settle()
            guard turn() else { break }
        }
        // Nobody is left standing.
        while world.stage.waitingCount > 0 {
            world.stage.takeWaiting(at: 0).continuation.resume(returning: .goes)
            settle()
        }
        examineHistory()
        review()
        report.lives = 1
        report.families = ledger.families.count
        report.requests = requests.count
        if !report.broken.isEmpty { report.seeds = [plan.seed] }
        return report
    }

    func say(_ text: @autoclosure () -> String) {
        guard isTraced else { return }
        let microseconds = (trueNow - plan.begins).microseconds
        let fraction = String(1_000_000 + microseconds % 1_000_000).dropFirst()
        trace.append("\(microseconds / 1_000_000).\(fraction)  \(text())")
    }

    func breaks(_ broken: Broken, _ text: @autoclosure () -> String) {
        report.broken[broken, default: 0] += 1
        say("BROKEN: \(broken.rawValue): \(text())")
    }

    // MARK: - Turns

    /// Lets the stories run until all wait, and looks at what they did.
    private func settle() {
        world.executor.settle()
        for happening in world.stage.takeHappenings() { take(happening) }
    }

    private func take(_ happening: Stage.Happening) {
        switch happening {
        case .changed(let request, let changed): changedFamily(changed, by: request)
        case .inserted(let request, let inserted): insertedFamily(inserted, by: request)
        case .saved(let request, let changes): saved(changes, by: request)
        case .finished(let request, let outcome): finished(request, outcome)
        }
    }

    private enum Move { case step, arrive, deliver, act, pass }

    /// Moves one thing; `false` if there is nothing more to come.
    private func turn() -> Bool {
        let waiting = world.stage.waitingCount
        let due = dueActors
        guard waiting + transit.count + answers.count + due.count > 0 else {
            guard let next = nextWake else { return false }
            pass(to: next)
            return true
        }
        let moves: [(Move, Int)] = [
            (.step, 3 * waiting), (.arrive, 3 * transit.count), (.deliver, 2 * answers.count),
            (.act, 2 * due.count), (.pass, due.isEmpty ? 1 : 0),
        ]
        var draw = Int(random.below(UInt64(moves.reduce(0) { $0 + $1.1 })))
        for (move, weight) in moves {
            guard draw >= weight else {
                make(move, due)
                break
            }
            draw -= weight
        }
        return true
    }

    private func make(_ move: Move, _ due: [Actor]) {
        switch move {
        case .step: letGo(world.stage.takeWaiting(at: index(of: world.stage.waitingCount)))
        case .arrive: arrive(transit.remove(at: index(of: transit.count)))
        case .deliver:
            let answer = answers.remove(at: index(of: answers.count))
            deliver(answer.request, answer.outcome)
        case .act: act(random.pick(due))
        case .pass:
            loseOnesPatience()
            pass(to: trueNow + moment())
        }
    }

    private func index(of count: Int) -> Int { Int(random.below(UInt64(count))) }

    private func letGo(_ waiting: Stage.Waiting) {
        var fate = Stage.Fate.goes
        if random.chance(plan.failedSteps) {
            fate = .fails(random.chance(50) ? .overloaded : .unavailable("the seed says so"))
            requests[waiting.request].hadFailedStep = true
        } else if waiting.call == .change, random.chance(plan.judgedTwice) {
            fate = .isJudgedTwice
        }
        say("#\(waiting.request) \(waiting.call) \(fate)")
        waiting.continuation.resume(returning: fate)
    }

    // MARK: - Time

    func pass(to later: Instant) {
        trueNow = max(trueNow, later)
        if plan.clockSteps, random.chance(15) {
            let most = random.pick([Duration.milliseconds(10), .seconds(30), .hours(3)])
            let step = random.duration(upTo: most)
            skew += random.chance(50) ? step : .zero - step
            clockSteps += 1
            say("the clock steps: it is wrong by \(skew)")
        }
        world.clock.set(trueNow + skew)
    }

    /// A while that passes in the middle of things.
    private func moment() -> Duration {
        switch random.below(6) {
        case 0: .microseconds(1)
        case 1, 2: random.duration(upTo: .milliseconds(200))
        case 3: random.duration(upTo: .seconds(3))
        default: edge().map { max(.zero, $0 - trueNow) } ?? .milliseconds(1)
        }
    }

    /// A time at which something changes for a family that lives, to the microsecond.
    func edge() -> Instant? {
        let living = ledger.families.values.filter { !ledger.isOver($0, at: now) }
            .sorted { $0.authorized.id < $1.authorized.id }
        guard !living.isEmpty else { return nil }
        let family = random.pick(living)
        var edges = [
            family.state.lastRotation + ledger.policy.idleLifetime, family.authorized.absoluteEnd,
        ]
        if case .seconds(let seconds) = ledger.policy.overlap {
            edges.append(family.state.lastRotation + .seconds(seconds))
        }
        let nudge = Duration.microseconds(Int64(random.below(3)) - 1)
        let coming = edges.map { $0 + nudge - skew }.filter { $0 > trueNow }
        return coming.min().map { random.chance(70) ? $0 : random.pick(coming) }
    }

    // MARK: - Requests

    func send(_ sender: SimulatedRequest.Sender, _ kind: SimulatedRequest.Kind) {
        let request = SimulatedRequest(
            number: requests.count,
            sender: sender,
            kind: kind,
            node: Int(random.below(UInt64(plan.nodes))),
            sent: trueNow
        )
        requests.append(request)
        transit.append(request.number)
        guard case .tab(let tab) = sender else { return }
        tabs[tab].inFlight = request.number
        tabs[tab].wakesAt = nil
        guard let token = request.token else { return }
        sent[
            token,
            default: SentToken(
                first: trueNow,
                clockSteps: clockSteps,
                policyChanges: policyChanges
            )
        ].open += 1
    }

    private func arrive(_ number: Int) {
        guard !random.chance(plan.lostAnswers / 3) else {
            say("\(requests[number]): lost on its way")
            lose(number, .unavailable)
            return
        }
        requests[number].arrivedTruly = trueNow
        requests[number].arrived = now
        say("\(requests[number])")
        start(requests[number])
    }

    private func deliver(_ number: Int, _ outcome: Stage.Outcome) {
        if random.chance(plan.lostAnswers) {
            say("#\(number): its answer is lost")
            lose(number, outcome)
            return
        }
        say("#\(number) is told: \(Self.words(outcome))")
        switch requests[number].sender {
        case .tab(let tab): tabHears(tab, number, outcome)
        case .thief: thiefHears(outcome)
        case .somebody: break
        }
    }

    /// Nobody hears of it, or a thief on the wire.
    private func lose(_ number: Int, _ outcome: Stage.Outcome) {
        if thief?.kind == .hoarder, case .granted(let response) = outcome {
            thief?.loot.append(response.refresh?.token ?? "")
        }
        switch requests[number].sender {
        case .tab(let tab): tabHearsNothing(tab, number)
        case .thief: thief?.wakesAt = trueNow + random.duration(upTo: .seconds(5))
        case .somebody: break
        }
    }

    static func words(_ outcome: Stage.Outcome) -> String {
        switch outcome {
        case .granted(let response): "…\(response.refresh?.token.suffix(6) ?? "no token")"
        case .refused(let error): "\(error.code.rawValue)"
        case .unavailable: "503"
        case .done: "done"
        case .failed(let text): text
        }
    }
}
