import MartletProtocol
import Synchronization

@testable import MartletCore

/// Where the stories of one life meet: what they wait for, until the seed lets them go on, and what
/// has happened since the life last looked.
final class Stage: Sendable {
    /// What becomes of a story's call to its store.
    enum Fate: Sendable {
        case goes
        /// The store judges with what it reads now, and once more when it writes: some work like
        /// that.
        case isJudgedTwice
        case fails(StorageError)
    }

    enum Call: String, Sendable { case change, insert, save, read }

    /// A call that stands still.
    struct Waiting: Sendable {
        let request: Int
        let call: Call
        let continuation: CheckedContinuation<Fate, Never>
    }

    /// What came of a request.
    enum Outcome: Sendable {
        case granted(TokenResponse)
        case refused(OAuthError)
        /// 503: nothing was changed.
        case unavailable
        /// An operator's command, or a revocation, was done.
        case done
        /// An operator's command was refused, or something is wrong.
        case failed(String)
    }

    enum Happening: Sendable {
        /// A step on a family was committed.
        case changed(request: Int, ChangedFamily)
        case inserted(request: Int, InsertedFamily)
        case saved(request: Int, [RecordChange])
        case finished(request: Int, Outcome)
    }

    /// A committed step: what it was judged by, and what it wrote.
    struct ChangedFamily: Sendable {
        let id: FamilyID
        let view: FamilyView
        let change: ErasedChange
        let now: Instant
    }

    struct InsertedFamily: Sendable {
        let family: TokenFamily
        /// `nil` if the step made nothing.
        let change: ErasedChange?
        let redeemed: OneTimeKey?
        let now: Instant
    }

    /// What a presented token would be judged by; mistakes need to know it.
    struct Presentation: Sendable {
        let generation: Generation
        let arrived: Instant
    }

    private struct Contents {
        var waiting: [Waiting] = []
        var happenings: [Happening] = []
        var presentations: [Int: Presentation] = [:]
        var readsWait = false
    }

    /// The number of the request whose story this is.
    @TaskLocal static var request = 0

    private let contents = Mutex(Contents())

    /// Begins with nobody on it.
    func clear(readsWait: Bool) {
        contents.withLock { $0 = Contents(readsWait: readsWait) }
    }

    // MARK: The stories' side

    /// What a request asks of the server; `nil` if it answers with no tokens.
    typealias Story = @Sendable () async throws -> TokenResponse?

    /// Begins a story; it runs when the executor is told to.
    func begin(_ number: Int, on executor: StepExecutor, _ story: @escaping Story) {
        Task(executorPreference: executor) { [self] in
            await Self.$request.withValue(number) { [self] in
                let outcome = await Outcome(of: story)
                note(.finished(request: number, outcome))
            }
        }
    }

    /// Waits until it is this call's turn.
    func turn(_ call: Call) async -> Fate {
        if call == .read, !contents.withLock(\.readsWait) { return .goes }
        let request = Self.request
        return await withCheckedContinuation { continuation in
            let waiting = Waiting(request: request, call: call, continuation: continuation)
            contents.withLock { $0.waiting.append(waiting) }
        }
    }

    func note(_ happening: Happening) {
        contents.withLock { $0.happenings.append(happening) }
    }

    func presentation(of request: Int) -> Presentation? {
        contents.withLock { $0.presentations[request] }
    }

    // MARK: The life's side

    func present(_ presentation: Presentation, in request: Int) {
        contents.withLock { $0.presentations[request] = presentation }
    }

    var waitingCount: Int { contents.withLock(\.waiting.count) }

    func takeWaiting(at index: Int) -> Waiting {
        contents.withLock { $0.waiting.remove(at: index) }
    }

    func takeHappenings() -> [Happening] {
        contents.withLock { contents in
            defer { contents.happenings = [] }
            return contents.happenings
        }
    }
}

extension Stage.Outcome {
    /// What a story comes to.
    init(of story: Stage.Story) async {
        do {
            let response = try await story()
            self = response.map { .granted($0) } ?? .done
        } catch let error as OAuthError {
            self = .refused(error)
        } catch StorageError.unavailable, StorageError.overloaded {
            self = .unavailable
        } catch {
            self = .failed("\(error)")
        }
    }
}
