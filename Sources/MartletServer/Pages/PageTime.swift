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
        switch seconds {
        case ..<60: self[.justNow]
        case ..<3600: counted(.minutesAgoOne, .minutesAgoOther, seconds / 60)
        case ..<86_400: counted(.hoursAgoOne, .hoursAgoOther, seconds / 3600)
        case ..<(7 * 86_400): counted(.daysAgoOne, .daysAgoOther, seconds / 86_400)
        default: nil
        }
    }

    private func ahead(_ seconds: Int64) -> String? {
        switch seconds {
        case ..<3600: counted(.inMinutesOne, .inMinutesOther, max(1, seconds / 60))
        case ..<(2 * 86_400): counted(.inHoursOne, .inHoursOther, seconds / 3600)
        case ..<(100 * 86_400): counted(.inDaysOne, .inDaysOther, seconds / 86_400)
        default: nil
        }
    }
}

extension MessageKey {
    fileprivate static let months: [MessageKey] = [
        .january, .february, .march, .april, .may, .june, .july, .august, .september, .october,
        .november, .december,
    ]
}
