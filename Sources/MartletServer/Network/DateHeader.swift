import MartletCore
import Synchronization

/// The `Date` header (RFC 9110 §6.6.1), written once a second.
final class DateHeader: Sendable {
    private struct Written {
        var second: Int64 = .min
        var text = ""
    }

    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private let surroundings: Surroundings
    private let written = Mutex(Written())

    init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
    }

    var value: String {
        let now = surroundings.now()
        return written.withLock { written in
            if written.second != now.seconds {
                written = Written(second: now.seconds, text: Self.text(now))
            }
            return written.text
        }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
    static func text(_ instant: Instant) -> String {
        let time = CalendarTime(instant)
        // The first of January 1970 was a Thursday.
        let day = Int((instant.seconds / 86_400) % 7)
        let weekday = weekdays[day < 0 ? day + 7 : day]
        let date = time.day < 10 ? "0\(time.day)" : "\(time.day)"
        return "\(weekday), \(date) \(months[time.month - 1]) \(time.year) \(time.time) GMT"
    }
}
