import Foundation
import MartletCore

/// One thread's way to the database: a connection that is opened when it is first needed, and anew
/// when it was lost.
final class Link {
    private static let firstPause: TimeInterval = 0.02
    private static let longestPause: TimeInterval = 0.5

    private let address: PostgresAddress
    private let clock: DatabaseClock
    /// Told of a connection more, or one less.
    private let count: (Int) -> Void
    private var open: PostgresConnection?

    init(to address: PostgresAddress, _ clock: DatabaseClock, count: @escaping (Int) -> Void) {
        self.address = address
        self.clock = clock
        self.count = count
    }

    var isOpen: Bool { open != nil }

    /// Tries once to have a connection.
    func opens() -> Bool { (try? connection()) != nil }

    /// A connection, after as many attempts as the time allows, and one at least.
    func connection(
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> PostgresConnection {
        var pause = Self.firstPause
        while true {
            do throws(PostgresFailure) {
                return try connection()
            } catch {
                guard ContinuousClock.now + .seconds(pause) < deadline else { throw error }
                // Not all nodes at the same moment.
                Thread.sleep(forTimeInterval: pause * Double.random(in: 0.5...1))
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    private func connection() throws(PostgresFailure) -> PostgresConnection {
        if let open { return open }
        let opened = try PostgresConnection.open(address, .requests, clock: clock)
        open = opened
        count(1)
        return opened
    }

    /// Lets go of a connection, which was lost.
    func drop() {
        guard isOpen else { return }
        open = nil
        count(-1)
    }
}

/// A thread that takes work from a queue, with a connection of its own, until the queue is closed
/// and empty.
protocol Worker: Sendable {
    associatedtype Job: Work

    var queue: WorkQueue<Job> { get }
    /// How many jobs it takes at once.
    var batchSize: Int { get }

    /// Does the work and answers each job, or gives it back to the queue.
    ///
    /// - Throws: why the database cannot be reached; every job is answered all the same.
    func work(_ jobs: [Job], over link: Link) throws(PostgresFailure)
}

/// So long requests wait for a database that comes back; then they are told.
let outagePatience: Duration = .seconds(3)

extension Worker {
    /// - Parameter connecting: whether it connects before there is work.
    func start(
        _ address: PostgresAddress,
        _ clock: DatabaseClock,
        connecting: Bool,
        ended: @escaping @Sendable () -> Void
    ) {
        let thread = Thread {
            let link = Link(to: address, clock) { queue.connected($0) }
            // If it does not succeed, it is tried again when there is work.
            if connecting { _ = link.opens() }
            run(over: link)
            link.drop()
            ended()
        }
        thread.name = "martlet.postgres"
        thread.start()
    }

    private func run(over link: Link) {
        // After a batch of more than one: a lone request waits for nobody.
        var gathers = false
        while let jobs = queue.take(batchSize, gathering: gathers) {
            gathers = jobs.count > 1
            guard link.isOpen || !queue.isServed else {
                // The database may have no connection left for this node: then others do the work.
                queue.giveBack(jobs)
                if !link.opens() { Thread.sleep(forTimeInterval: .random(in: 0.5...1)) }
                continue
            }
            do throws(PostgresFailure) {
                try work(jobs, over: link)
            } catch {
                link.drop()
                awaitReturn(over: link, error)
            }
        }
    }

    /// Refuses everything until the database is there again, or others reach it.
    private func awaitReturn(over link: Link, _ failure: PostgresFailure) {
        var failure = failure
        while true {
            if queue.isServed { return queue.endOutage() }
            queue.refuseAll(StorageError(failure))
            if queue.isClosed { return }
            do throws(PostgresFailure) {
                _ = try link.connection(until: .now + .seconds(1))
                return queue.endOutage()
            } catch {
                failure = error
            }
        }
    }
}
