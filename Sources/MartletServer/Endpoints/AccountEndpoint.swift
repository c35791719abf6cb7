import Hummingbird
import MartletCore
import MartletProtocol

/// `GET /account` and the forms of that page: what people see of their own account and do to it.
/// What each form may touch is decided in `OwnAccount`.
struct AccountEndpoint {
    let desk: PageDesk

    /// The forms, each at a path of its own.
    enum Act: CaseIterable {
        case endSession
        case withdrawConsent
        case changePassword
        case signOut
        case signOutEverywhere

        var path: PagePath {
            switch self {
            case .endSession: .endSession
            case .withdrawConsent: .withdrawConsent
            case .changePassword: .changePassword
            case .signOut: .signOut
            case .signOutEverywhere: .signOutEverywhere
            }
        }
    }

    func answer(_ visit: PageRequest) async throws -> Response {
        guard let own = try await own(visit) else { return desk.go(to: .login, then: .account) }
        guard visit.request.method != .post else { return desk.go(on: .account) }
        return try await show(own, to: visit, notice: try await notice(visit))
    }

    func answer(_ act: Act, _ visit: PageRequest) async throws -> Response {
        guard let own = try await own(visit) else { return desk.go(to: .login, then: .account) }
        // The address of a form, opened anew.
        guard visit.request.method == .post else { return desk.go(on: .account) }
        guard try await desk.isGenuine(visit, for: purpose(own)) else {
            return try await show(own, to: visit, notice: .formExpired)
        }
        switch act {
        case .endSession: return try await endSession(own, visit)
        case .withdrawConsent: return try await withdrawConsent(own, visit)
        case .changePassword: return try await changePassword(own, visit)
        case .signOut:
            try await desk.server.signOut(own.person.signIn)
            return desk.signedOut(desk.show(LoggedOutPage(way: nil), to: visit))
        case .signOutEverywhere:
            try await own.signOutEverywhere()
            return desk.signedOut(desk.show(LoggedOutPage(way: nil), to: visit))
        }
    }

    private func own(_ visit: PageRequest) async throws -> OwnAccount? {
        try await desk.server.signedIn(by: visit.signInCookie, at: visit.arrived)
            .map { OwnAccount(server: desk.server, person: $0) }
    }

    /// What the forms' token is for: this page, of who is signed in now.
    private func purpose(_ own: OwnAccount) -> [String] {
        ["account", own.person.signIn.id.rawValue]
    }
}

// MARK: - The forms

extension AccountEndpoint {
    private func endSession(_ own: OwnAccount, _ visit: PageRequest) async throws -> Response {
        guard let id = try visit.parameters.one(PageField.session).flatMap({ FamilyID($0) }),
            try await own.endSession(id)
        else { return desk.go(on: .account) }
        return try await go(back: .sessionEnded, visit)
    }

    private func withdrawConsent(
        _ own: OwnAccount,
        _ visit: PageRequest
    ) async throws -> Response {
        guard let client = try visit.parameters.one(PageField.client),
            try await own.withdrawConsent(from: ClientID(rawValue: client))
        else { return desk.go(on: .account) }
        return try await go(back: .consentWithdrawn, visit)
    }

    private func changePassword(
        _ own: OwnAccount,
        _ visit: PageRequest
    ) async throws -> Response {
        func secret(_ field: String) throws(OAuthError) -> Secret {
            Secret(try visit.parameters.one(field) ?? "")
        }
        let change = try await own.changePassword(
            .init(
                current: try secret(PageField.currentPassword),
                next: try secret(PageField.nextPassword),
                repeated: try secret(PageField.repeatedPassword)
            ),
            from: visit.origin,
            at: visit.arrived
        )
        switch change {
        case .changed(let person, let cookie):
            let next = try await go(back: .passwordChanged, visit)
            return try await desk.signedIn(person, cookie, with: visit, next)
        case .wrongCurrent: return try await show(own, to: visit, notice: .wrongPassword)
        case .tooManyAttempts: return try await show(own, to: visit, notice: .tooManyAttempts)
        case .tooShort: return try await show(own, to: visit, notice: .passwordTooShort)
        case .tooLong: return try await show(own, to: visit, notice: .passwordTooLong)
        case .differs: return try await show(own, to: visit, notice: .passwordsDiffer)
        // The page tells the rest, or asks for a sign-in.
        case .ownedByFile, .overtaken: return desk.go(on: .account)
        }
    }
}

// MARK: - What the last form did

extension AccountEndpoint {
    /// Back to the page, which says what was done. A link of somebody else's cannot make it say
    /// so: the notice goes with a token for this browser.
    private func go(back notice: AccountPage.Notice, _ visit: PageRequest) async throws -> Response
    {
        let token = try await desk.formToken(visit, for: Self.purpose(of: notice))
        return desk.go(
            to: Continuation.account.path(issuerPath: desk.issuerPath)
                + "?\(PageField.notice)=\(notice.rawValue).\(token)"
        )
    }

    private func notice(_ visit: PageRequest) async throws -> AccountPage.Notice? {
        let parts = try visit.parameters.one(PageField.notice)?.split(separator: ".") ?? []
        guard parts.count == 2, let notice = AccountPage.Notice(rawValue: String(parts[0])),
            visit.broughtCookie,
            try await desk.server.isFormToken(
                String(parts[1]),
                for: Self.purpose(of: notice),
                browser: visit.browser.id
            )
        else { return nil }
        return notice
    }

    private static func purpose(of notice: AccountPage.Notice) -> [String] {
        ["account notice", notice.rawValue]
    }
}

// MARK: - The page

extension AccountEndpoint {
    private func show(
        _ own: OwnAccount,
        to visit: PageRequest,
        notice: AccountPage.Notice?
    ) async throws -> Response {
        let overview = try await own.overview(from: try position(visit), at: visit.arrived)
        let account = own.person.account.value
        return desk.show(
            AccountPage(
                username: account.username,
                fullName: account.profile[ProfileClaim.name.rawValue]?.string,
                detail: account.email,
                notice: notice,
                sessions: .init(
                    elements: overview.sessions.map(AccountPage.Session.init),
                    next: next(PageField.sessions, overview.nextSessions?.description)
                ),
                apps: .init(
                    elements: overview.apps.map(AccountPage.App.init),
                    next: next(PageField.apps, overview.nextApps?.rawValue)
                ),
                history: .init(
                    elements: overview.history.map(AccountPage.Entry.init),
                    next: next(PageField.history, overview.nextHistoryPage?.description)
                ),
                choosesPassword: own.choosesPassword,
                minimumPasswordLength: Account.minimumNewPassword,
                csrf: try await desk.formToken(visit, for: purpose(own))
            ),
            to: visit
        )
    }

    /// Where the lists go on; what is no place in them is their beginning.
    private func position(_ visit: PageRequest) throws(OAuthError) -> OwnAccount.Position {
        OwnAccount.Position(
            sessions: try visit.parameters.one(PageField.sessions).flatMap { FamilyID($0) },
            apps: try visit.parameters.one(PageField.apps).map { ClientID(rawValue: $0) },
            historyPage: try visit.parameters.one(PageField.history).flatMap { Int($0) } ?? 0
        )
    }

    private func next(_ list: String, _ place: String?) -> String? {
        place.map { "?\(list)=\(FormText.encode($0))" }
    }
}

extension AccountPage.Session {
    fileprivate init(_ session: OwnAccount.Session) {
        self.init(
            id: session.id.description,
            clientName: session.app,
            userAgent: session.origin.userAgent,
            address: session.origin.address,
            startedAt: session.startedAt,
            lastUsedAt: session.lastUsedAt,
            expiresAt: session.end,
            isCurrent: session.isThisBrowser
        )
    }
}

extension AccountPage.App {
    fileprivate init(_ app: OwnAccount.App) {
        self.init(
            id: app.client.rawValue,
            name: app.name,
            uri: app.uri,
            scopes: app.scope.tokens.map { ScopeLine(name: $0) },
            since: app.since
        )
    }
}

extension AccountPage.Entry {
    fileprivate init(_ entry: OwnAccount.Entry) {
        self.init(
            kind: Kind(entry.kind),
            at: entry.at,
            address: entry.origin?.address,
            userAgent: entry.origin?.userAgent
        )
    }
}

extension AccountPage.Entry.Kind {
    fileprivate init(_ kind: OwnAccount.Entry.Kind) {
        switch kind {
        case .accountCreated: self = .accountCreated
        case .accountUpdated: self = .accountUpdated
        case .accountEnabled: self = .accountEnabled
        case .signedIn: self = .signedInHere
        case .signedOut: self = .signedOutHere
        case .sessionMade(let app): self = .signedIn(app: app)
        case .newAddress(let app): self = .newAddress(app: app)
        case .reuseDetected(let app): self = .reuseDetected(app: app)
        case .sessionEnded(let app, let reason): self = .sessionEnded(app: app, reason)
        case .allSessionsEnded(let reason): self = .allSessionsEnded(reason)
        case .consentGiven(let app): self = .consentGiven(app: app)
        case .consentWithdrawn(let app): self = .consentWithdrawn(app: app)
        }
    }
}
