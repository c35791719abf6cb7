/// Asks for the code that a device shows (RFC 8628 §3.3).
struct DevicePage: Page {
    enum Problem: Sendable, CaseIterable {
        /// No device shows this code now: never, not any more, or it was answered already.
        case unknownCode
        case tooManyAttempts
        case formExpired
    }

    /// What stands in the field already: from `verification_uri_complete`, or typed before.
    let userCode: String
    let problem: Problem?
    let csrf: String
}

extension DevicePage {
    var template: PageTemplate { .device }

    func title(in texts: Texts) -> String { texts[.deviceTitle] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        var content: PageContent = [
            "heading": title(in: surroundings.texts),
            // A code that is of no use is not left to be deleted first.
            "userCode": problem == .unknownCode ? "" : userCode,
            "action": surroundings.path(.device),
            "csrf": csrf,
        ]
        if let problem {
            content["problem"] = surroundings.texts[problem.message]
            content["isWrong"] = problem == .unknownCode
        }
        return content
    }
}

extension DevicePage.Problem {
    fileprivate var message: MessageKey {
        switch self {
        case .unknownCode: .problemUnknownCode
        case .tooManyAttempts: .problemTooManyAttempts
        case .formExpired: .problemFormExpired
        }
    }
}
