import MartletCore
import Testing

@testable import MartletServer

@Suite("The order of telling clients of logouts")
struct LogoutQueueTests {
    private func job(_ number: Int) -> LogoutQueue.Job {
        .find(.everywhere(AccountID(rawValue: "\(number)")))
    }

    /// The queue, for expectations, which change nothing that is a value.
    private final class Box {
        private var queue = LogoutQueue()

        var count: Int { queue.count }

        func add(_ job: LogoutQueue.Job) -> LogoutQueue.Job? { queue.add(job) }
        func next() -> LogoutQueue.Attempt? { queue.next() }
        func resume(_ id: Int) { queue.resume(id) }

        func finish(_ id: Int, _ outcome: LogoutQueue.Outcome) -> LogoutQueue.Consequence {
            queue.finish(id, outcome)
        }
    }

    /// A queue with so many jobs.
    private func queue(_ count: Int) -> Box {
        let queue = Box()
        for number in 0..<count { #expect(queue.add(job(number)) == nil) }
        return queue
    }

    @Test("jobs are tried in their order, at most eight at a time")
    func order() {
        let queue = queue(10)
        let attempts = (0..<8).map { _ in queue.next() }
        #expect(attempts.map { $0?.job } == (0..<8).map { job($0) })
        #expect(queue.next() == nil)
        #expect(queue.finish(attempts[3]?.id ?? 0, .done(next: [])) == .over)
        #expect(queue.next()?.job == job(8))
        #expect(queue.next() == nil)
    }

    @Test(
        "a job that fails is tried again after longer and longer pauses, and given up in the end",
        .covers("Back-Channel Logout §2.8 failed")
    )
    func pauses() throws {
        let queue = queue(1)
        for pause in LogoutQueue.pauses {
            let attempt = try #require(queue.next())
            #expect(queue.finish(attempt.id, .notNow) == .again(after: pause))
            #expect(queue.next() == nil)
            queue.resume(attempt.id)
        }
        #expect(LogoutQueue.pauses == LogoutQueue.pauses.sorted())
        let last = try #require(queue.next())
        #expect(queue.finish(last.id, .notNow) == .givenUp)
        #expect(queue.count == 0)
    }

    @Test("a job that pauses holds up no others")
    func pausing() throws {
        let queue = queue(9)
        for _ in 0..<8 {
            let attempt = try #require(queue.next())
            _ = queue.finish(attempt.id, .notNow)
        }
        #expect(queue.next()?.job == job(8))
    }

    private func call(_ client: String, _ number: Int) -> LogoutQueue.Job {
        .tell(
            ClientLogout(
                client: ClientID(rawValue: client),
                account: AccountID(rawValue: "\(number)"),
                signIn: nil
            )
        )
    }

    @Test("a client that does not answer takes one place, and no other client waits for it")
    func fairness() throws {
        let queue = Box()
        for number in 0..<40 { #expect(queue.add(call("slow", number)) == nil) }
        #expect(queue.add(call("well", 0)) == nil)
        let slow = try #require(queue.next())
        #expect(slow.job == call("slow", 0))
        #expect(queue.next()?.job == call("well", 0))
        #expect(queue.next() == nil)
        #expect(queue.finish(slow.id, .notNow) == .again(after: LogoutQueue.pauses[0]))
        queue.resume(slow.id)
        #expect(queue.next()?.job == call("slow", 1))
    }

    @Test("a client with too many jobs loses its own oldest, never another's")
    func share() throws {
        let queue = Box()
        #expect(queue.add(call("well", 0)) == nil)
        for number in 0..<LogoutQueue.capacityOfClient {
            #expect(queue.add(call("slow", number)) == nil)
        }
        #expect(queue.add(call("slow", -1)) == call("slow", 0))
        #expect(queue.next()?.job == call("well", 0))
    }

    @Test("what is refused is not tried again")
    func refused() throws {
        let queue = queue(1)
        let attempt = try #require(queue.next())
        #expect(queue.finish(attempt.id, .refused) == .over)
        #expect(queue.count == 0)
    }

    @Test("beyond the bound the oldest that is not being tried is dropped")
    func bound() throws {
        let queue = queue(LogoutQueue.capacity)
        let first = try #require(queue.next())
        #expect(queue.add(job(-1)) == job(1))
        #expect(queue.count == LogoutQueue.capacity)
        #expect(queue.finish(first.id, .notNow) == .again(after: LogoutQueue.pauses[0]))
        #expect(queue.add(job(-2)) == job(0))
        queue.resume(first.id)
        #expect(queue.finish(first.id, .notNow) == .over)
        #expect(queue.count == LogoutQueue.capacity)
    }

    @Test(
        "what a client's answer means",
        .covers("Back-Channel Logout §2.8 failed"),
        arguments: [
            (200, LogoutQueue.Outcome.done(next: [])), (204, .done(next: [])),
            (202, .done(next: [])), (301, .refused), (303, .refused), (307, .refused),
            (400, .refused), (401, .refused), (404, .refused), (405, .refused), (408, .notNow),
            (425, .notNow), (429, .notNow), (500, .notNow), (502, .notNow), (503, .notNow),
            (599, .notNow), (100, .refused),
        ]
    )
    func meaning(status: Int, outcome: LogoutQueue.Outcome) {
        #expect(LogoutQueue.Outcome(status: status) == outcome)
    }
}
