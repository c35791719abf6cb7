import MartletCore

/// What is still to be done so that clients hear of people who signed out: a state machine without
/// clock or network. Events go in, what to do comes out.
struct LogoutQueue: Sendable {
    /// Jobs at most; beyond it the oldest that waits is dropped. A client that missed a logout hears
    /// of it when it refreshes.
    static let capacity = 1000
    /// Jobs of one client: beyond it the client's own oldest is dropped, so that one which does not
    /// answer takes no other's place.
    static let capacityOfClient = 50
    /// Jobs that are worked on at the same moment, one of each client at most: those that do not
    /// answer hold up no others.
    static let maximumConcurrent = 8
    /// The pauses between attempts, so one more attempt than these: a client that is started anew,
    /// or away for some minutes, is told when it is back.
    static let pauses: [Duration] = [.seconds(2), .seconds(15), .minutes(1), .minutes(5)]

    /// One thing to do.
    enum Job: Sendable, Equatable {
        /// Find out who is to be told.
        case find(SignInEnd)
        /// Tell one client.
        case tell(ClientLogout)
    }

    /// A job that is to be tried now.
    struct Attempt: Sendable, Equatable {
        let id: Int
        let job: Job
    }

    /// How an attempt went.
    enum Outcome: Sendable, Equatable {
        /// Done; perhaps there is more to do.
        case done(next: [Job])
        /// It would go the same way each time.
        case refused
        /// Another time it may go well.
        case notNow
    }

    /// What follows from it.
    enum Consequence: Sendable, Equatable {
        case over
        /// To be due again after this pause.
        case again(after: Duration)
        /// It was tried often enough.
        case givenUp
    }

    private enum State {
        case ready
        case working
        case pausing
    }

    private struct Entry {
        let id: Int
        let job: Job
        var failures = 0
        var state = State.ready
    }

    private var entries: [Entry] = []
    private var lastID = 0

    /// How many jobs there are, in whatever state.
    var count: Int { entries.count }

    /// Adds a job, and tells what had to go for it.
    mutating func add(_ job: Job) -> Job? {
        lastID += 1
        entries.append(Entry(id: lastID, job: job))
        if let client = job.client,
            entries.count(where: { $0.job.client == client }) > Self.capacityOfClient
        {
            return drop { $0.job.client == client }
        }
        return entries.count > Self.capacity ? drop { _ in true } : nil
    }

    /// Drops the oldest of these that is not being tried.
    private mutating func drop(where isOne: (Entry) -> Bool) -> Job? {
        let oldest = entries.firstIndex { $0.state != .working && isOne($0) }
        return oldest.map { entries.remove(at: $0).job }
    }

    /// The job to be tried now, if there is one and not too many are being tried.
    mutating func next() -> Attempt? {
        let working = entries.filter { $0.state == .working }
        let busy = Set(working.compactMap(\.job.client))
        guard working.count < Self.maximumConcurrent,
            let index = entries.firstIndex(where: { entry in
                entry.state == .ready && entry.job.client.map { !busy.contains($0) } ?? true
            })
        else { return nil }
        entries[index].state = .working
        return Attempt(id: entries[index].id, job: entries[index].job)
    }

    /// An attempt is over.
    mutating func finish(_ id: Int, _ outcome: Outcome) -> Consequence {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return .over }
        switch outcome {
        case .done, .refused:
            entries.remove(at: index)
            return .over
        case .notNow:
            guard entries[index].failures < Self.pauses.count else {
                entries.remove(at: index)
                return .givenUp
            }
            let pause = Self.pauses[entries[index].failures]
            entries[index].failures += 1
            entries[index].state = .pausing
            return .again(after: pause)
        }
    }

    /// A pause is over: the job stands behind those that were not tried yet.
    mutating func resume(_ id: Int) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        var entry = entries.remove(at: index)
        entry.state = .ready
        entries.append(entry)
    }
}

extension LogoutQueue.Job {
    /// Whom it calls.
    var client: ClientID? {
        switch self {
        case .find: nil
        case .tell(let logout): logout.client
        }
    }
}

extension LogoutQueue.Outcome {
    /// What a client's answer means (OIDC Back-Channel Logout 1.0 §2.8).
    ///
    /// | status | meaning |
    /// | --- | --- |
    /// | 200, 204 and their like | it has heard |
    /// | 408, 425, 429, 5xx | another time |
    /// | 400 and all others, redirects too | it would say the same again |
    init(status: Int) {
        switch status {
        case 200..<300: self = .done(next: [])
        case 408, 425, 429, 500...: self = .notNow
        default: self = .refused
        }
    }

    init(_ failure: OutgoingCalls.Failure) {
        switch failure {
        case .badURL, .forbiddenAddress: self = .refused
        case .unknownHost, .unreachable, .busy: self = .notNow
        }
    }
}
