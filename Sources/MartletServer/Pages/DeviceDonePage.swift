/// Says that the device goes on by itself, or was turned away.
struct DeviceDonePage: Page {
    enum Outcome: Sendable, CaseIterable {
        case allowed
        case denied
    }

    let outcome: Outcome
    let clientName: String
}

extension DeviceDonePage {
    var template: PageTemplate { .deviceDone }

    func title(in texts: Texts) -> String {
        switch outcome {
        case .allowed: texts[.deviceAllowedTitle]
        case .denied: texts[.deviceDeniedTitle]
        }
    }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        let sentence: MessageKey =
            switch outcome {
            case .allowed: .deviceAllowed
            case .denied: .deviceDenied
            }
        return [
            "heading": title(in: texts),
            "lead": texts.sentence(sentence, ["client": clientName.shown()]),
            "isAllowed": outcome == .allowed,
            "account": surroundings.path(.account),
        ]
    }
}
