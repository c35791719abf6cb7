import MartletCore
import Testing

@Suite("Family ids and generations")
struct IdentifiersTests {
    private func surroundings(_ byte: UInt8) -> Surroundings {
        Surroundings(now: { Sample.login }, randomBytes: { [UInt8](repeating: byte, count: $0) })
    }

    // MARK: - Family ids

    @Test("a family made later has the higher id, whatever chance says")
    func timeOrder() {
        var earlier = FamilyID(madeAt: Sample.login, in: surroundings(255))
        for milliseconds in [1, 2, 1000, 86_400_000, 86_400_000 * 3650] {
            let instant = Sample.login + .milliseconds(milliseconds)
            let later = FamilyID(madeAt: instant, in: surroundings(0))
            #expect(earlier < later)
            earlier = FamilyID(madeAt: instant, in: surroundings(255))
        }
    }

    @Test("the high bits are milliseconds and the low 21 are random")
    func layout() {
        let zeros = FamilyID(madeAt: Sample.login, in: surroundings(0))
        let ones = FamilyID(madeAt: Sample.login, in: surroundings(255))
        #expect(zeros.value >> 21 == 1_800_000_000_000)
        #expect(ones.value >> 21 == 1_800_000_000_000)
        #expect(zeros.value & 0x1F_FFFF == 0)
        #expect(ones.value & 0x1F_FFFF == 0x1F_FFFF)
    }

    @Test(
        "an id is positive, whatever the clock shows",
        arguments: [Int64.min, -1, 0, 1, 999, 1000, 4_000_000_000_000_000, Int64.max]
    )
    func positive(_ microseconds: Int64) {
        for byte in [UInt8(0), 1, 255] {
            let id = FamilyID(
                madeAt: Instant(microseconds: microseconds),
                in: surroundings(byte)
            )
            #expect(id.value > 0)
        }
    }

    @Test("zero and negative numbers are no ids", arguments: [Int64(0), -1, .min])
    func notPositive(_ value: Int64) {
        #expect(FamilyID(value) == nil)
    }

    @Test(
        "the public form is read back",
        arguments: [Int64(1), 31, 32, 1 << 20, 1 << 58, (1 << 58) - 1, 1 << 62, .max - 1, .max]
    )
    func roundTrip(_ value: Int64) throws {
        let id = try #require(FamilyID(value))
        #expect(id.description.utf8.count == 13)
        #expect(FamilyID(id.description) == id)
        #expect(FamilyID(id.description.uppercased()) == id)
    }

    @Test("random ids are read back, and their texts are ordered as they are")
    func randomRoundTrip() throws {
        var numbers = SeededNumbers(seed: 17)
        var previous = try #require(FamilyID(1))
        for _ in 0..<5000 {
            let id = try #require(FamilyID(Int64(numbers.next() >> 1) | 1))
            guard FamilyID(id.description) == id,
                (previous < id) == (previous.description < id.description)
            else {
                Issue.record("\(id.value)")
                return
            }
            previous = id
        }
    }

    @Test("the public form is Crockford's base 32")
    func form() throws {
        #expect(try #require(FamilyID(1)).description == "0000000000001")
        #expect(try #require(FamilyID(.max)).description == "7zzzzzzzzzzzz")
        #expect(try #require(FamilyID(0x1F)).description == "000000000000z")
        #expect(try #require(FamilyID(18)).description == "000000000000j")
    }

    @Test(
        "what is no public form is refused",
        arguments: [
            "", "0", "000000000001", "00000000000001", "0000000000000", "8000000000000",
            "zzzzzzzzzzzzz", "g000000000000", "000000000000i", "000000000000l", "000000000000o",
            "000000000000u", "000000000000-", "00000000000 1", "-000000000001", "+000000000001",
            "00000000000é", "0000000000\u{212B}", "０００0", "000000000\u{1F600}", "000000000000\0",
        ]
    )
    func refused(_ text: String) {
        #expect(FamilyID(text) == nil)
    }

    // MARK: - Generations

    @Test("generations count from 0, and the last has no successor")
    func generations() {
        #expect(Generation.first.value == 0)
        #expect(Generation.first.successor == Generation(1))
        #expect(Generation(.max - 1).successor == .last)
        #expect(Generation.last.successor == nil)
        #expect(Generation(1) < Generation(2))
        #expect(Generation(0x7FFF_FFFF) < Generation(0x8000_0000))
        #expect("\(Generation(42))" == "42")
    }

    // MARK: - Surroundings

    @Test("a random 63-bit integer is never negative")
    func random63() {
        #expect(surroundings(0).random63() == 0)
        #expect(surroundings(255).random63() == .max)
        #expect(surroundings(0x80).random63() > 0)
    }
}

@Suite("Instants and durations")
struct InstantTests {
    @Test(
        "an instant plus a duration minus that duration is the instant",
        arguments: [
            Duration.zero, .microseconds(1), .seconds(-1), .days(-400), .days(3650),
        ]
    )
    func arithmetic(_ duration: Duration) {
        for start in [Instant(seconds: 0), Instant(seconds: -5), Sample.login] {
            #expect(start + duration - duration == start)
            #expect((start + duration) - start == duration)
            #expect(start - (start + duration) == .zero - duration)
        }
    }

    @Test("whole seconds are rounded down, also before 1970")
    func seconds() {
        let table: [(microseconds: Int64, seconds: Int64)] = [
            (0, 0), (1, 0), (999_999, 0), (1_000_000, 1), (-1, -1), (-999_999, -1),
            (-1_000_000, -1), (-1_000_001, -2),
        ]
        for row in table {
            #expect(Instant(microseconds: row.microseconds).seconds == row.seconds)
        }
        #expect(Instant(seconds: -7).microseconds == -7_000_000)
    }

    @Test("instants are ordered by time")
    func order() {
        #expect(Instant(microseconds: -1) < Instant(microseconds: 0))
        #expect(Instant(seconds: 1) > Instant(microseconds: 999_999))
    }

    @Test("durations know their units")
    func units() {
        #expect(Duration.minutes(2) == .seconds(120))
        #expect(Duration.hours(2) == .seconds(7200))
        #expect(Duration.days(2) == .seconds(172_800))
        #expect(Duration.days(-1) == .seconds(-86_400))
    }

    @Test("what is finer than a microsecond is rounded towards zero")
    func microseconds() {
        #expect(Duration.nanoseconds(1999).microseconds == 1)
        #expect(Duration.nanoseconds(-1999).microseconds == -1)
        #expect(Duration.nanoseconds(999).microseconds == 0)
        #expect(Duration.seconds(-3).microseconds == -3_000_000)
        #expect((Duration.seconds(-1) - .microseconds(1)).microseconds == -1_000_001)
        #expect(Duration.milliseconds(1999).wholeSeconds == 1)
        #expect(Duration.milliseconds(-1999).wholeSeconds == -1)
    }

    @Test("the longest lifetime after the latest year 9999 is still an instant")
    func bounds() {
        let latest = Instant(seconds: 253_402_300_799)
        #expect(latest + RotationPolicy.maximumLifetime > latest)
        #expect(RotationPolicy.maximumLifetime.microseconds == 315_360_000_000_000)
    }
}
