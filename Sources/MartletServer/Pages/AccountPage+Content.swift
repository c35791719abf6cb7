import MartletCore

extension AccountPage {
    var template: PageTemplate { .account }

    func title(in texts: Texts) -> String { texts[.accountTitle] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = [
            "heading": title(in: texts),
            "username": username,
            "shownName": username.shown(),
            "initial": username.initial,
            "csrf": csrf,
            "sessions": sessions.elements.prefix(Self.longestList).map {
                session($0, in: surroundings)
            },
            "apps": apps.elements.prefix(Self.longestList).map { app($0, in: surroundings) },
            "history": history.elements.prefix(Self.longestList).map {
                entry($0, in: surroundings)
            },
            "hasSessions": !sessions.elements.isEmpty,
            "hasApps": !apps.elements.isEmpty,
            "hasHistory": !history.elements.isEmpty,
            "passwordRule": texts.text(.passwordRule, ["count": String(minimumPasswordLength)]),
            "minimumLength": String(minimumPasswordLength),
            "choosesPassword": choosesPassword,
            "endSession": surroundings.path(.endSession),
            "withdrawConsent": surroundings.path(.withdrawConsent),
            "changePassword": surroundings.path(.changePassword),
            "signOut": surroundings.path(.signOut),
            "signOutEverywhere": surroundings.path(.signOutEverywhere),
        ]
        content["fullName"] = fullName?.shown()
        content["detail"] = detail?.shown()
        content["moreSessions"] = sessions.next.map { surroundings.path(.account) + $0 }
        content["moreApps"] = apps.next.map { surroundings.path(.account) + $0 }
        content["moreHistory"] = history.next.map { surroundings.path(.account) + $0 }
        if let notice {
            content[notice.place.rawValue] = texts.text(
                notice.message,
                ["count": String(minimumPasswordLength)]
            )
            content["isWrongPassword"] = notice == .wrongPassword
            content["isWrongNext"] = notice.place == .passwordProblem && notice != .wrongPassword
        }
        return content
    }

    private func session(_ session: Session, in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        let device = DeviceName(userAgent: session.userAgent).text(in: texts)
        return [
            "id": session.id,
            "app": session.clientName.shown(),
            "device": device,
            "address": session.address,
            "started": texts.time(session.startedAt, .exact, seenFrom: surroundings.now),
            "used": texts.time(session.lastUsedAt, .relative, seenFrom: surroundings.now),
            "expires": texts.time(session.expiresAt, .relative, seenFrom: surroundings.now),
            "isCurrent": session.isCurrent,
            "endLabel": texts.text(
                .endSessionOf,
                ["client": session.clientName.shown(), "device": device]
            ),
        ]
    }

    private func app(_ app: App, in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = [
            "id": app.id,
            "app": app.name.shown(),
            "appInitial": app.name.initial,
            "appScopes": app.scopes.map { $0.content(in: texts) },
            "hasAppScopes": !app.scopes.isEmpty,
            "since": texts.time(app.since, .exact, seenFrom: surroundings.now),
            "withdrawLabel": texts.text(.withdrawFrom, ["client": app.name.shown()]),
        ]
        // Always there: an absent name is looked for further outside.
        content["appHost"] = app.uri?.shownHost.map { [$0] } ?? []
        return content
    }

    private func entry(_ entry: Entry, in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        return [
            "sentence": entry.kind.sentence(in: texts),
            "isAlarming": entry.kind.isAlarming,
            "at": texts.time(entry.at, .relative, seenFrom: surroundings.now),
            "entryAddress": entry.address.map { [$0] } ?? [],
            "entryDevice": entry.userAgent.map { [DeviceName(userAgent: $0).text(in: texts)] }
                ?? [],
        ]
    }
}

extension AccountPage.Notice {
    fileprivate var message: MessageKey {
        switch self {
        case .sessionEnded: .noticeSessionEnded
        case .consentWithdrawn: .noticeConsentWithdrawn
        case .passwordChanged: .noticePasswordChanged
        case .wrongPassword: .problemWrongCurrentPassword
        case .passwordTooShort: .problemPasswordTooShort
        case .passwordTooLong: .problemPasswordTooLong
        case .passwordsDiffer: .problemPasswordsDiffer
        case .tooManyAttempts: .problemTooManyAttempts
        case .formExpired: .problemFormExpired
        }
    }

    /// Where the page says it.
    fileprivate enum Place: String {
        case notice, problem
        /// At the form: it is far down the page, and the reader is taken there.
        case passwordProblem
    }

    fileprivate var place: Place {
        switch self {
        case .sessionEnded, .consentWithdrawn, .passwordChanged: .notice
        case .tooManyAttempts, .formExpired: .problem
        case .wrongPassword, .passwordTooShort, .passwordTooLong, .passwordsDiffer:
            .passwordProblem
        }
    }
}

extension AccountPage.Entry.Kind {
    fileprivate func sentence(in texts: Texts) -> [PageContent] {
        switch self {
        case .accountCreated: texts.sentence(.eventAccountCreated)
        case .accountEnabled: texts.sentence(.eventAccountEnabled)
        case .signedIn(let app): texts.sentence(.eventSignedIn, ["client": app.shown()])
        case .signedInHere: texts.sentence(.eventSignedInHere)
        case .signedOutHere: texts.sentence(.eventSignedOutHere)
        case .accountUpdated: texts.sentence(.eventAccountUpdated)
        case .newAddress(let app): texts.sentence(.eventNewAddress, ["client": app.shown()])
        case .reuseDetected(let app): texts.sentence(.eventReuseDetected, ["client": app.shown()])
        case .sessionEnded(let app, let reason):
            texts.sentence(.eventSessionEnded, ["client": app.shown()])
                + texts.sentence(reason.message)
        case .allSessionsEnded(let reason):
            texts.sentence(.eventAllSessionsEnded) + texts.sentence(reason.message)
        case .consentGiven(let app): texts.sentence(.eventConsentGiven, ["client": app.shown()])
        case .consentWithdrawn(let app):
            texts.sentence(.eventConsentWithdrawn, ["client": app.shown()])
        }
    }

    /// Whether it may mean that somebody else has been here.
    fileprivate var isAlarming: Bool {
        switch self {
        case .reuseDetected, .sessionEnded(_, .reuse), .sessionEnded(_, .codeReuse): true
        case .accountCreated, .accountEnabled, .signedIn, .signedInHere, .signedOutHere,
            .accountUpdated, .newAddress, .sessionEnded, .allSessionsEnded, .consentGiven,
            .consentWithdrawn:
            false
        }
    }
}

extension EndReason {
    /// The end of the sentence that says that a session ended.
    fileprivate var message: MessageKey {
        switch self {
        case .reuse: .endReuse
        case .revokedByClient: .endRevokedByClient
        case .revokedByOperator: .endRevokedByOperator
        case .revokedByUser: .endRevokedByUser
        case .replaced: .endReplaced
        case .exhausted: .endExhausted
        case .idle: .endIdle
        case .expired: .endExpired
        case .accountDisabled: .endAccountDisabled
        case .accountDeleted: .endAccountDeleted
        case .passwordChanged: .endPasswordChanged
        case .signedOutEverywhere: .endSignedOutEverywhere
        case .signedOut: .endSignedOut
        case .clientRevoked: .endClientRevoked
        case .clientDeleted: .endClientDeleted
        case .consentWithdrawn: .endConsentWithdrawn
        case .codeReuse: .endCodeReuse
        case .keyCompromised: .endKeyCompromised
        case .restored: .endRestored
        }
    }
}
