import MartletCore

@testable import MartletServer

extension SamplePages {
    static let account: [SamplePage] = [
        .init(name: "account", page: page(notice: nil)),
        .init(name: "account-notice", page: page(notice: .sessionEnded)),
        .init(name: "account-of-file", page: page(notice: nil, choosesPassword: false)),
        .init(name: "account-problem", page: page(notice: .passwordTooShort)),
        .init(
            name: "account-empty",
            page: AccountPage(
                username: "grace",
                detail: nil,
                notice: nil,
                sessions: .init(elements: [], next: nil),
                apps: .init(elements: [], next: nil),
                history: .init(elements: [], next: nil),
                choosesPassword: false,
                minimumPasswordLength: 8,
                csrf: "Zm9yIHRoZSBmb3Jt"
            )
        ),
    ]

    private static func page(
        notice: AccountPage.Notice?,
        choosesPassword: Bool = true
    ) -> AccountPage {
        AccountPage(
            username: "ada",
            fullName: "Ada Lovelace",
            detail: "ada@example.com",
            notice: notice,
            sessions: .init(elements: sessions, next: "?sessions=3"),
            apps: .init(elements: apps, next: nil),
            history: .init(elements: history, next: "?history=6"),
            choosesPassword: choosesPassword,
            minimumPasswordLength: 8,
            csrf: "Zm9yIHRoZSBmb3Jt"
        )
    }

    private static let firefox =
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    private static let safari =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
        + "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"

    private static let sessions: [AccountPage.Session] = [
        .init(
            id: "3vT0kQ",
            clientName: "Holiday Photos",
            userAgent: firefox,
            address: "203.0.113.7",
            startedAt: now - .days(3),
            lastUsedAt: now - .seconds(20),
            expiresAt: now + .days(27),
            isCurrent: true
        ),
        .init(
            id: "8aPz1c",
            clientName: "Holiday Photos",
            userAgent: safari,
            address: "2001:db8:85a3::8a2e:370:7334",
            startedAt: now - .days(12),
            lastUsedAt: now - .hours(5),
            expiresAt: now + .days(18),
            isCurrent: false
        ),
        .init(
            id: "Q0s5nE",
            clientName: "Living Room TV with a name that is rather long for its row",
            userAgent: "",
            address: "198.51.100.23",
            startedAt: now - .days(29),
            lastUsedAt: now - .days(6),
            expiresAt: now + .hours(20),
            isCurrent: false
        ),
    ]

    private static let apps: [AccountPage.App] = [
        .init(
            id: "photos",
            name: "Holiday Photos",
            uri: "https://photos.example.com",
            scopes: [
                ScopeLine(name: "openid"), ScopeLine(name: "email"),
                ScopeLine(name: "photos:read", sentence: "See the photos in your library"),
            ],
            since: now - .days(12)
        ),
        .init(id: "tv", name: "Living Room TV", uri: nil, scopes: [], since: now - .days(29)),
    ]

    private static let history: [AccountPage.Entry] = [
        entry(.signedIn(app: "Holiday Photos"), .seconds(40), from: firefox),
        entry(.signedInHere, .minutes(2), from: firefox),
        entry(.sessionEnded(app: "Holiday Photos", .reuse), .hours(30)),
        entry(.reuseDetected(app: "Holiday Photos"), .hours(30), from: "curl/8.5.0"),
        entry(.newAddress(app: "Holiday Photos"), .days(4), from: safari),
        entry(.consentGiven(app: "Living Room TV"), .days(29)),
        entry(.allSessionsEnded(.passwordChanged), .days(40)),
        entry(.accountCreated, .days(80)),
    ]

    private static func entry(
        _ kind: AccountPage.Entry.Kind,
        _ ago: Duration,
        from userAgent: String? = nil
    ) -> AccountPage.Entry {
        .init(
            kind: kind,
            at: now - ago,
            address: userAgent == nil ? nil : "203.0.113.7",
            userAgent: userAgent
        )
    }
}
