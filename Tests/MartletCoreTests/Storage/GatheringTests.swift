import Testing

@testable import MartletCore

@Suite("Gathering a batch")
struct GatheringTests {
    /// The answers to one question after the other.
    private func answers(upTo limit: Int, _ questions: [(arrived: Int, after: Duration)]) -> [Bool]
    {
        var gathering = Gathering(upTo: limit)
        return questions.map { gathering.goesOn(arrived: $0.arrived, after: $0.after) }
    }

    @Test("it goes on as long as that brings new work")
    func grows() {
        let questions = [(2, Duration.zero), (5, .microseconds(5)), (5, .microseconds(6))]
        #expect(answers(upTo: 10, questions) == [true, true, false])
    }

    @Test("where nothing waits it does not wait either")
    func empty() {
        #expect(answers(upTo: 10, [(0, .zero)]) == [false])
    }

    @Test("it stops at a whole batch, and after two milliseconds")
    func bounds() {
        #expect(answers(upTo: 10, [(9, .zero), (10, .zero)]) == [true, false])
        let late = [(1, Duration.microseconds(1999)), (2, .milliseconds(2))]
        #expect(answers(upTo: 10, late) == [true, false])
    }
}
