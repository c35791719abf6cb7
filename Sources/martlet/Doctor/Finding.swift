import MartletProtocol

/// One thing that `martlet doctor` looked at, and what to do about it.
struct Finding: Sendable, Equatable {
    enum Grade: String, Sendable {
        case ok
        /// It works, and could be better.
        case advice
        /// It does not work, or will not for long.
        case problem

        /// Of one width.
        var label: String {
            switch self {
            case .ok: "ok     "
            case .advice: "advice "
            case .problem: "PROBLEM"
            }
        }
    }

    let grade: Grade
    let subject: String
    /// What is, and unless it is good, what to do.
    let sentence: String

    static func ok(_ subject: String, _ sentence: String) -> Finding {
        Finding(grade: .ok, subject: subject, sentence: sentence)
    }

    static func advice(_ subject: String, _ sentence: String) -> Finding {
        Finding(grade: .advice, subject: subject, sentence: sentence)
    }

    static func problem(_ subject: String, _ sentence: String) -> Finding {
        Finding(grade: .problem, subject: subject, sentence: sentence)
    }

    var json: JSONValue {
        [
            "grade": .string(grade.rawValue), "subject": .string(subject),
            "sentence": .string(sentence),
        ]
    }
}
