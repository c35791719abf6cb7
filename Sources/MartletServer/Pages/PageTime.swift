import MartletCore

extension Texts {
    /// A point in time for the `time` piece: what a person reads, the exact time behind it, and
    /// the same for programs.
    func time(_ instant: Instant, _ form: TimeForm, seenFrom now: Instant) -> PageContent {
        let exact = exact(instant)
        let shown =
            switch form {
            case .exact: exact
            case .relative: relative(instant, seenFrom: now) ?? exact
            }
        return ["shown": shown, "exact": exact, "iso": CalendarTime(instant).rfc3339]
    }

    enum TimeForm {
        /// The date and time.
        case exact
        /// How long ago or ahead, as long as that is easier to understand than the date.
        case relative
    }

    private func exact(_ instant: Instant) -> String {
        let calendar = CalendarTime(instant)
        return text(
            .dateAndTime,
            [
                "day": String(calendar.day), "month": self[MessageKey.months[calendar.month - 1]],
                "year": String(calendar.year), "time": String(calendar.time.prefix(5)),
            ]
        )
    }

    private func relative(_ instant: Instant, seenFrom now: Instant) -> String? {
        let seconds = (instant - now).wholeSeconds
        return seconds > 0 ? ahead(seconds) : ago(-seconds)
    }

    private func ago(_ seconds: Int64) -> String? {
        let length = Length(seconds)
        return switch seconds {
        case ..<60: self[.justNow]
        case _ where length.minutes < 60:
            counted(.minutesAgoOne, .minutesAgoOther, length.minutes)
        case _ where length.hours < 24: counted(.hoursAgoOne, .hoursAgoOther, length.hours)
        case _ where length.days < 7: counted(.daysAgoOne, .daysAgoOther, length.days)
        default: nil
        }
    }

    private func ahead(_ seconds: Int64) -> String? {
        let length = Length(seconds)
        return switch seconds {
        case _ where length.minutes < 60:
            counted(.inMinutesOne, .inMinutesOther, max(1, length.minutes))
        case _ where length.hours < 48: counted(.inHoursOne, .inHoursOther, length.hours)
        case _ where length.days < 100: counted(.inDaysOne, .inDaysOther, length.days)
        default: nil
        }
    }

    /// A length of time in whole units, the nearest ones: what ends a moment before 15 days are
    /// over ends in 15 days, not in 14.
    private struct Length {
        let minutes: Int64
        let hours: Int64
        let days: Int64

        init(_ seconds: Int64) {
            minutes = (seconds + 30) / 60
            hours = (seconds + 1800) / 3600
            days = (seconds + 43_200) / 86_400
        }
    }
}

extension MessageKey {
    fileprivate static let months: [MessageKey] = [
        .january, .february, .march, .april, .may, .june, .july, .august, .september, .october,
        .november, .december,
    ]
}
