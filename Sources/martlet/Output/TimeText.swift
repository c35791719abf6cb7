import MartletCore

extension Instant {
    /// For people: `2026-11-21 04:10 UTC`.
    var text: String {
        let calendar = CalendarTime(self)
        return "\(calendar.date) \(calendar.time.prefix(5)) UTC"
    }

    /// For programs (RFC 3339): `2026-11-21T04:10:09Z`, whole seconds.
    var rfc3339: String { CalendarTime(self).rfc3339 }

    /// As seen from another instant: `in 14 days`, `3 minutes ago`, `now`.
    func text(seenFrom now: Instant) -> String {
        let seconds = self.seconds - now.seconds
        if seconds == 0 { return "now" }
        let length = Duration.seconds(abs(seconds)).roughText
        return seconds > 0 ? "in \(length)" : "\(length) ago"
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
