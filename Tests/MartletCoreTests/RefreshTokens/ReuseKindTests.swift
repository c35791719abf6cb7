import MartletCore
import Testing

/// What a family remembers of its repeats, and what kind of reuse that makes of the next one.
@Suite("Marks and kinds of reuse")
struct ReuseKindTests {
    private let last = Sample.lastRotation

    private func marks(repeated: Bool, consecutive: UInt16) -> FamilyState.Marks {
        var marks = FamilyState.Marks()
        marks.repeated = repeated
        marks.consecutiveRepeats = consecutive
        return marks
    }

    private func kind(
        of presented: UInt32,
        marks: FamilyState.Marks = FamilyState.Marks(),
        after elapsed: Duration
    ) -> Rotation.Reuse? {
        let outcome = Sample.family(generation: 5, marks: marks)
            .rotation(presenting: presented, under: .standard, at: last + elapsed)
        guard case .reuse(let kind, let ending) = outcome else { return nil }
        #expect(ending.marks == marks, "reuse leaves the marks as they are")
        return kind
    }

    private func rotated(_ marks: FamilyState.Marks) -> FamilyState.Marks? {
        let outcome = Sample.family(generation: 5, marks: marks)
            .rotation(presenting: 5, under: .standard, at: last)
        guard case .rotate(let next) = outcome else { return nil }
        return next.marks
    }

    @Test("the previous token moments after its rotation is parallel use, whatever the marks")
    func parallel() {
        for marks in [
            marks(repeated: false, consecutive: 0), marks(repeated: true, consecutive: 3),
        ] {
            #expect(kind(of: 4, marks: marks, after: .zero) == .parallelUse)
            #expect(
                kind(of: 4, marks: marks, after: .seconds(10) - .microseconds(1)) == .parallelUse
            )
        }
    }

    @Test("from the end of that window on it is an older generation or follows a repeat")
    func later() {
        let none = marks(repeated: false, consecutive: 0)
        #expect(kind(of: 4, marks: none, after: .seconds(10)) == .olderGeneration)
        #expect(kind(of: 3, marks: none, after: .zero) == .olderGeneration)
        for marks in [
            marks(repeated: true, consecutive: 0), marks(repeated: false, consecutive: 1),
            marks(repeated: true, consecutive: .max),
        ] {
            #expect(kind(of: 4, marks: marks, after: .seconds(10)) == .afterRepeat)
            #expect(kind(of: 3, marks: marks, after: .zero) == .afterRepeat)
            #expect(kind(of: 0, marks: marks, after: .days(3)) == .afterRepeat)
        }
    }

    @Test("generations in a row that were repeated are counted, and one that was not starts over")
    func consecutive() {
        #expect(rotated(marks(repeated: true, consecutive: 0))?.consecutiveRepeats == 1)
        #expect(rotated(marks(repeated: true, consecutive: 6))?.consecutiveRepeats == 7)
        #expect(rotated(marks(repeated: false, consecutive: 6))?.consecutiveRepeats == 0)
        #expect(rotated(marks(repeated: false, consecutive: .max))?.consecutiveRepeats == 0)
        #expect(rotated(marks(repeated: true, consecutive: 6))?.repeated == false)
    }

    @Test("the count of repeats stays at its maximum")
    func saturates() {
        #expect(rotated(marks(repeated: true, consecutive: .max - 1))?.consecutiveRepeats == .max)
        #expect(rotated(marks(repeated: true, consecutive: .max))?.consecutiveRepeats == .max)
    }

    @Test("an address that was noted stays noted through rotation, repeat and end")
    func addressNoted() {
        var marks = FamilyState.Marks()
        marks.addressNoted = true
        let family = Sample.family(generation: 5, marks: marks)
        let policy = Sample.policy(overlap: .seconds(10))
        let states = [UInt32(5), 4, 3].compactMap { presented -> FamilyState? in
            switch family.rotation(presenting: presented, under: policy, at: last) {
            case .rotate(let next), .repeatLast(let next), .reuse(_, let next): next
            case .exhausted, .refuse: nil
            }
        }
        #expect(states.count == 3)
        #expect(states.allSatisfy { $0.marks.addressNoted })
    }

    @Test("all marks survive being packed into one integer, and no two are packed alike")
    func packed() {
        var wrong = 0
        var seen = Set<Int64>()
        for bits in 0..<8 {
            for consecutive in UInt16.min...UInt16.max {
                var marks = marks(repeated: bits & 1 != 0, consecutive: consecutive)
                marks.addressNoted = bits & 2 != 0
                marks.usedInPlace = bits & 4 != 0
                if FamilyState.Marks(packed: marks.packed) != marks { wrong += 1 }
                seen.insert(marks.packed)
            }
        }
        #expect(wrong == 0)
        #expect(seen.count == 8 * 65_536)
    }

    @Test("no marks are packed as zero")
    func packedZero() {
        #expect(FamilyState.Marks().packed == 0)
        #expect(FamilyState.Marks(packed: 0) == FamilyState.Marks())
    }

    @Test("the names of the kinds never change")
    func names() {
        let names = ["parallel_use", "after_repeat", "older_generation", "after_restoration"]
        #expect(Rotation.Reuse.allCases.map(\.rawValue) == names)
    }
}
