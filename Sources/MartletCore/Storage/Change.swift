import Synchronization

extension TokenFamilyStore {
    /// ``TokenFamilyStore/change(_:step:)`` with the step's answer brought back to the caller.
    package func change<Answer: Sendable>(
        _ family: AuthorizedFamily,
        deciding decide: @escaping @Sendable (FamilyView, Instant) -> Change<Answer>
    ) async throws(StorageError) -> Answer {
        let answer = LastAnswer<Answer>()
        try await change(family) { view, now in
            let change = decide(view, now)
            answer.set(change.answer)
            return change.erased
        }
        return answer.value
    }

    /// ``TokenFamilyStore/insert(_:step:)`` with the step's answer brought back to the caller. A
    /// step that makes nothing answers with a `nil` change.
    package func insert<Answer: Sendable>(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey? = nil,
        deciding decide: @escaping @Sendable (InsertView, Instant) -> (Change<Void>?, Answer)
    ) async throws(StorageError) -> Answer {
        let answer = LastAnswer<Answer>()
        try await insert(family, redeeming: redeemed) { view, now in
            let (change, decided) = decide(view, now)
            answer.set(decided)
            return change?.erased
        }
        return answer.value
    }
}

extension OneTimeStore {
    /// ``OneTimeStore/change(_:step:)`` with the step's answer brought back to the caller.
    package func change<Answer: Sendable>(
        _ key: OneTimeKey,
        deciding decide:
            @escaping @Sendable (OneTimeEntry?, Instant) -> OneTimeChange<
                Answer
            >
    ) async throws(StorageError) -> Answer {
        let answer = LastAnswer<Answer>()
        try await change(key) { entry, now in
            let change = decide(entry, now)
            answer.set(change.answer)
            return ErasedOneTimeChange(
                entry: change.entry,
                writes: change.writes,
                events: change.events
            )
        }
        return answer.value
    }
}

extension Change {
    var erased: ErasedChange { ErasedChange(state: state, writes: writes, events: events) }
}

/// What a step answered when it last ran: the run whose change was committed.
private final class LastAnswer<Answer: Sendable>: Sendable {
    private let stored = Mutex<Answer?>(nil)

    func set(_ answer: Answer) {
        stored.withLock { $0 = answer }
    }

    var value: Answer {
        guard let answer = stored.withLock({ $0 }) else {
            preconditionFailure("a store returned from a step that it never ran")
        }
        return answer
    }
}
