/// A point in time as the Gregorian calendar and the clocks of UTC name it.
package struct CalendarTime: Sendable, Equatable {
    package let year: Int64
    /// From 1.
    package let month: Int
    /// From 1.
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int

    package init(_ instant: Instant) {
        let (days, rest) = Self.divide(instant.seconds, by: 86_400)
        (year, month, day) = Self.date(ofDay: days)
        hour = Int(rest / 3600)
        minute = Int(rest / 60 % 60)
        second = Int(rest % 60)
    }

    /// The date, from days since 1970. Counts in eras of 400 years, each starting on a March 1st,
    /// so that the leap day is the last of its year.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int, day: Int) {
        let (era, dayOfEra) = divide(day + 719_468, by: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, Int(month), Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1))
    }

    /// Rounded down, with a remainder that is never negative.
    private static func divide(_ number: Int64, by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// `2026-11-21`.
    package var date: String {
        "\(Self.padded(year, to: 4))-\(Self.padded(Int64(month), to: 2))-"
            + Self.padded(Int64(day), to: 2)
    }

    /// `04:10:09`.
    package var time: String {
        [hour, minute, second].map { Self.padded(Int64($0), to: 2) }.joined(separator: ":")
    }

    /// RFC 3339, whole seconds: `2026-11-21T04:10:09Z`.
    package var rfc3339: String { "\(date)T\(time)Z" }

    private static func padded(_ number: Int64, to width: Int) -> String {
        let digits = String(abs(number))
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        return (number < 0 ? "-" : "") + zeros + digits
    }
}
