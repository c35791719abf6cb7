import Dispatch
import Foundation
import MartletCore
import Synchronization

/// Something that a request waits for, from the queue to its answer.
protocol Work: Sendable {
    /// What it is about: of all work under way, on however many connections, no two have a key in
    /// common, for one of them would be in vain.
    var keys: [WorkKey] { get }
    /// When it was accepted.
    var since: ContinuousClock.Instant { get }

    /// Answers the request; with success if there is no failure.
    func finish(_ failure: StorageError?)
}

enum WorkKey: Sendable, Hashable {
    case family(FamilyID)
    case oneTime(OneTimeKey)
    case siblings(AccountID, ClientID)
    case revision
}

/// Work that waits for a connection: any task appends, the connections' threads take.
final class WorkQueue<Job: Work>: Sendable {
    /// Accepted work that is not answered yet; who comes then is better told so at once.
    static var capacity: Int { 8192 }
    /// If the oldest has waited for so long, the database does not keep up: whoever comes is told
    /// at once, rather than after a wait that is longer than their own patience.
    static var longestWait: Duration { .seconds(2) }
    /// How far a taker looks for work that it may begin.
    private static var lookahead: Int { 1024 }

    private struct State {
        var arrived: [Job] = []
        var busy: Set<WorkKey> = []
        /// Arrived or under way: what ``capacity`` bounds.
        var waiting = 0
        var isClosed = false
        /// Why nothing can be done now.
        var outage: StorageError?
        /// Connections over which somebody works.
        var connections = 0
        /// Threads that have found nothing and want to be woken.
        var sleepers = 0

        /// Whether somebody must be woken; counts them as awake.
        mutating func wakesOne() -> Bool {
            guard sleepers > 0 else { return false }
            sleepers -= 1
            return true
        }

        mutating func take(_ limit: Int, lookahead: Int) -> [Job] {
            var taken: [Job] = []
            var later: [Job] = []
            for (index, job) in arrived.enumerated() {
                if taken.count == limit || index == lookahead {
                    later.append(contentsOf: arrived[index...])
                    break
                }
                let keys = job.keys
                if keys.allSatisfy({ !busy.contains($0) }) {
                    busy.formUnion(keys)
                    taken.append(job)
                } else {
                    later.append(job)
                }
            }
            arrived = later
            return taken
        }
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    // MARK: For requests

    /// Accepts work, or tells why not.
    func append(_ job: Job) -> StorageError? {
        let (refusal, mustWake) = state.withLock { state -> (StorageError?, Bool) in
            guard !state.isClosed else { return (.closed, false) }
            if let outage = state.outage { return (outage, false) }
            guard state.waiting < Self.capacity else { return (.overloaded, false) }
            if let oldest = state.arrived.first, job.since - oldest.since > Self.longestWait {
                return (.overloaded, false)
            }
            state.waiting += 1
            state.arrived.append(job)
            return (nil, state.wakesOne())
        }
        if mustWake { wake.signal() }
        return refusal
    }

    /// Work that is accepted and not answered yet.
    var waiting: Int { state.withLock { $0.waiting } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Accepts nothing more.
    func close() {
        let sleepers = state.withLock { state in
            state.isClosed = true
            defer { state.sleepers = 0 }
            return state.sleepers
        }
        for _ in 0..<sleepers { wake.signal() }
    }

    // MARK: For the connections' threads

    /// The longest waiting work that nothing under way excludes; waits until there is some, and
    /// answers `nil` when the queue is closed and empty.
    ///
    /// - Parameter gathering: whether requests that are being worked on may join (``Gathering``).
    func take(_ limit: Int, gathering: Bool = false) -> [Job]? {
        while true {
            if gathering { gather(limit) }
            let (taken, isOver, mustWake) = state.withLock { state -> ([Job], Bool, Bool) in
                let taken = state.take(limit, lookahead: Self.lookahead)
                let isOver = state.isClosed && state.waiting == 0
                if taken.isEmpty, !isOver { state.sleepers += 1 }
                let hasMore = !taken.isEmpty && !state.arrived.isEmpty
                return (taken, isOver, hasMore && state.wakesOne())
            }
            if mustWake { wake.signal() }
            if !taken.isEmpty { return taken }
            if isOver { return nil }
            wake.wait()
        }
    }

    private func gather(_ limit: Int) {
        let begin = ContinuousClock.now
        var gathering = Gathering(upTo: limit)
        while gathering.goesOn(
            arrived: state.withLock { $0.arrived.count },
            after: .now - begin
        ) {
            sched_yield()
        }
    }

    /// Takes note of a connection more, or one less.
    func connected(_ change: Int) {
        state.withLock { $0.connections += change }
    }

    /// Whether somebody has a connection to work over.
    var isServed: Bool { state.withLock { $0.connections > 0 } }

    /// That work is about to be answered.
    func finished(_ jobs: [Job]) {
        release(jobs) { state in
            state.waiting -= jobs.count
            state.outage = nil
        }
    }

    /// Work that came to nothing through others' progress, and goes first now.
    func giveBack(_ jobs: [Job]) {
        guard !jobs.isEmpty else { return }
        release(jobs) { $0.arrived.insert(contentsOf: jobs, at: 0) }
    }

    /// Refuses everything that waits, and what comes until the database is back.
    func refuseAll(_ outage: StorageError) {
        let refused = state.withLock { state in
            state.outage = outage
            state.waiting -= state.arrived.count
            defer { state.arrived = [] }
            return state.arrived
        }
        for job in refused { job.finish(outage) }
    }

    func endOutage() {
        state.withLock { $0.outage = nil }
    }

    private func release(_ jobs: [Job], _ change: (inout sending State) -> Void) {
        let signals = state.withLock { state in
            for key in jobs.lazy.flatMap(\.keys) { state.busy.remove(key) }
            change(&state)
            // A sleeper may have waited for a key; all of them wait for the end.
            let isOver = state.isClosed && state.waiting == 0
            if isOver {
                defer { state.sleepers = 0 }
                return state.sleepers
            }
            return !state.arrived.isEmpty && state.wakesOne() ? 1 : 0
        }
        for _ in 0..<signals { wake.signal() }
    }
}
