import MartletCore

extension Instant {
    /// For people: `2026-11-21 04:10 UTC`.
    var text: String {
        let (date, time) = dateAndTime
        return "\(date) \(time.prefix(5)) UTC"
    }

    /// For programs (RFC 3339): `2026-11-21T04:10:09Z`, whole seconds.
    var rfc3339: String {
        let (date, time) = dateAndTime
        return "\(date)T\(time)Z"
    }

    /// As seen from another instant: `in 14 days`, `3 minutes ago`, `now`.
    func text(seenFrom now: Instant) -> String {
        let seconds = self.seconds - now.seconds
        if seconds == 0 { return "now" }
        let length = Duration.seconds(abs(seconds)).roughText
        return seconds > 0 ? "in \(length)" : "\(length) ago"
    }

    private var dateAndTime: (date: String, time: String) {
        let (days, second) = Self.divide(seconds, by: 86_400)
        let (year, month, day) = Self.date(ofDay: days)
        let date =
            "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-"
            + Self.padded(day, to: 2)
        let time = [second / 3600, second / 60 % 60, second % 60]
        return (date, time.map { Self.padded($0, to: 2) }.joined(separator: ":"))
    }

    /// The date in the Gregorian calendar, from days since 1970. Counts in eras of 400 years, each
    /// starting on a March 1st, so that the leap day is the last of its year.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = divide(day + 719_468, by: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// Rounded down, with a remainder that is never negative.
    private static func divide(_ number: Int64, by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ number: Int64, to width: Int) -> String {
        let digits = String(abs(number))
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        return (number < 0 ? "-" : "") + zeros + digits
    }
}

extension Duration {
    /// For people, exact to the second: `15 days`, `1 hour 30 minutes`.
    var text: String {
        let seconds = abs(wholeSeconds)
        if seconds == 0 { return "0 seconds" }
        var rest = seconds
        let parts = Self.units.compactMap { unit -> String? in
            let count = rest / unit.seconds
            rest %= unit.seconds
            return count == 0 ? nil : unit.text(count)
        }
        return (wholeSeconds < 0 ? "-" : "") + parts.joined(separator: " ")
    }

    /// In its largest unit alone, rounded down: `14 days`.
    fileprivate var roughText: String {
        let seconds = abs(wholeSeconds)
        let unit = Self.units.first { seconds >= $0.seconds } ?? Self.second
        return unit.text(seconds / unit.seconds)
    }

    private struct Unit {
        let seconds: Int64
        let name: String

        func text(_ count: Int64) -> String {
            "\(count) \(name)\(count == 1 ? "" : "s")"
        }
    }

    private static let second = Unit(seconds: 1, name: "second")
    private static let units = [
        Unit(seconds: 86_400, name: "day"), Unit(seconds: 3600, name: "hour"),
        Unit(seconds: 60, name: "minute"), second,
    ]
}
