import Foundation
import MartletCore
import MartletProtocol
import Synchronization

/// People who sign in with their password while something else is measured, some a second: each
/// costs a password hash, the dearest thing that a server does.
final class SignIns: Sendable {
    static let perSecond = 4
    /// Who does: enough that no one's sessions are too many.
    static let people = 32
    /// One after the other cannot be too late to begin: a hash on a busy core takes longer than the
    /// pause between two.
    private static let callers = 4

    private struct Outcome {
        var isOver = false
        var done = 0
        var failure: String?
    }

    private let port: Int
    private let seeded: SeededStore
    private let outcome = Mutex(Outcome())
    private let callers = DispatchGroup()

    /// They begin at once.
    init(port: Int, of seeded: SeededStore) {
        self.port = port
        self.seeded = seeded
        for caller in 0..<Self.callers {
            callers.enter()
            Thread.detachNewThread { [self] in
                call(from: caller)
                callers.leave()
            }
        }
    }

    /// Ends them.
    ///
    /// - Throws: if one was not answered well, or there was none.
    func stop() throws {
        outcome.withLock { $0.isOver = true }
        callers.wait()
        let (done, failure) = outcome.withLock { ($0.done, $0.failure) }
        if let failure { throw BenchError("a sign-in failed: \(failure)") }
        guard done > 0 else { throw BenchError("nobody has signed in") }
    }

    private func call(from first: Int) {
        let begin = ContinuousClock.now
        var number = first
        while true {
            let due = begin + .seconds(Double(number) / Double(Self.perSecond))
            let pause = (due - .now).inMicroseconds / 1_000_000
            if pause > 0 { Thread.sleep(forTimeInterval: pause) }
            guard !outcome.withLock({ $0.isOver }) else { return }
            let request = LoadRequest.signIn(seeded, user: "user\(number % Self.people)")
            let answer = LoopbackClient(port: port).send(request.filled(with: ""))
            outcome.withLock { outcome in
                if answer?.status == 200 {
                    outcome.done += 1
                } else {
                    outcome.failure = answer?.body ?? "no answer"
                }
            }
            number += Self.callers
        }
    }
}
