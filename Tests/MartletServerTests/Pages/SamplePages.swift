import MartletCore
import Testing

@testable import MartletServer

/// One state of one page, with people and apps that do not exist.
struct SamplePage: Sendable, CustomTestStringConvertible {
    let name: String
    let page: any Page

    var testDescription: String { name }
}

/// Every page in the states that a person may meet it in.
enum SamplePages {
    static let now = Instant(seconds: 1_795_245_100)

    static let all: [SamplePage] =
        signingIn + consenting + connecting + account + leaving + problems

    private static let csrf = "Zm9yIHRoZSBmb3Jt"
    private static let continuation = "/oauth/authorize?client_id=photos&state=af0ifjsldkj"

    static let photos = ClientCard(
        name: "Holiday Photos",
        uri: "https://photos.example.com/about",
        termsOfService: "https://photos.example.com/terms",
        privacyPolicy: "https://photos.example.com/privacy",
        standing: .known
    )

    static let stranger = ClientCard(
        name: "Mail Sorter",
        uri: nil,
        termsOfService: nil,
        privacyPolicy: nil,
        standing: .unverified(redirectHost: "sorter.example.net")
    )

    private static let signingIn: [SamplePage] = [
        .init(
            name: "login",
            page: LoginPage(
                purpose: .app(name: "Holiday Photos"),
                mode: .signIn(username: ""),
                problem: nil,
                canCancel: true,
                csrf: csrf,
                continuation: continuation
            )
        ),
        .init(
            name: "login-wrong",
            page: LoginPage(
                purpose: .account,
                mode: .signIn(username: "ada"),
                problem: .wrongPassword,
                canCancel: false,
                csrf: csrf,
                continuation: "/account"
            )
        ),
        .init(
            name: "login-again",
            page: LoginPage(
                purpose: .app(name: "Holiday Photos"),
                mode: .again(username: "ada"),
                problem: nil,
                canCancel: true,
                csrf: csrf,
                continuation: continuation
            )
        ),
        .init(
            name: "login-device",
            page: LoginPage(
                purpose: .device,
                mode: .signIn(username: "ada"),
                problem: .tooManyAttempts,
                canCancel: false,
                csrf: csrf,
                continuation: "/device?user_code=WDJB-MJHT"
            )
        ),
        .init(
            name: "select-account",
            page: SelectAccountPage(
                clientName: "Holiday Photos",
                accountName: "ada",
                csrf: csrf,
                continuation: continuation
            )
        ),
    ]

    private static let consenting: [SamplePage] = [
        .init(
            name: "consent",
            page: ConsentPage(
                client: photos,
                accountName: "ada",
                scopes: [
                    ScopeLine(name: "openid"),
                    ScopeLine(name: "email"),
                    ScopeLine(
                        name: "photos:read",
                        sentence: "See the photos in your library",
                        isNew: true
                    ),
                    ScopeLine(name: "photos:write", isNew: true),
                ],
                isOffline: true,
                csrf: csrf,
                continuation: continuation
            )
        ),
        .init(
            name: "consent-unverified",
            page: ConsentPage(
                client: stranger,
                accountName: "ada",
                scopes: [ScopeLine(name: "openid"), ScopeLine(name: "profile")],
                isOffline: false,
                csrf: csrf,
                continuation: continuation
            )
        ),
        .init(
            name: "consent-expired",
            page: ConsentPage(
                client: photos,
                accountName: "ada",
                scopes: [ScopeLine(name: "openid")],
                isOffline: false,
                isFormExpired: true,
                csrf: csrf,
                continuation: continuation
            )
        ),
        .init(
            name: "consent-nothing",
            page: ConsentPage(
                client: photos,
                accountName: "ada",
                scopes: [],
                isOffline: false,
                csrf: csrf,
                continuation: continuation
            )
        ),
    ]

    private static let connecting: [SamplePage] = [
        .init(name: "device", page: DevicePage(userCode: "", problem: nil, csrf: csrf)),
        .init(
            name: "device-unknown",
            page: DevicePage(userCode: "WDJB-MJHT", problem: .unknownCode, csrf: csrf)
        ),
        .init(
            name: "device-confirm",
            page: DeviceConfirmPage(
                client: photos,
                accountName: "ada",
                userCode: "WDJB-MJHT",
                device: Origin(address: "192.0.2.7", userAgent: "Television/2 (Linux)"),
                scopes: [
                    ScopeLine(name: "openid"),
                    ScopeLine(name: "photos:read", sentence: "See the photos in your library"),
                ],
                csrf: csrf
            )
        ),
        .init(
            name: "device-allowed",
            page: DeviceDonePage(outcome: .allowed, clientName: "Holiday Photos")
        ),
        .init(
            name: "device-denied",
            page: DeviceDonePage(outcome: .denied, clientName: "Holiday Photos")
        ),
    ]

    private static let leaving: [SamplePage] = [
        .init(
            name: "logout",
            page: LogoutConfirmPage(
                accountName: "ada",
                clientName: "Holiday Photos",
                csrf: csrf,
                continuation: "/logout?state=x"
            )
        ),
        .init(name: "logged-out", page: LoggedOutPage(way: nil)),
        .init(
            name: "logged-out-return",
            page: LoggedOutPage(
                way: .init(clientName: "Holiday Photos", uri: "https://photos.example.com/bye")
            )
        ),
        .init(
            name: "form-post",
            page: FormPostPage(
                clientName: "Holiday Photos",
                target: "https://photos.example.com/callback",
                parameters: [
                    .init(name: "code", value: "SplxlOBeZQQYbYS6WxSbIA"),
                    .init(name: "state", value: "af0ifjsldkj"),
                ]
            )
        ),
    ]

    private static let problems: [SamplePage] =
        ProblemPage.Problem.allCases.map { problem in
            SamplePage(
                name: "problem-\(problem)",
                page: ProblemPage(problem: problem, detail: nil, way: .again(path: "/account"))
            )
        } + [
            .init(
                name: "problem-detail",
                page: ProblemPage(
                    problem: .badRequest,
                    detail: "The redirect_uri is not one of those that the client registered.",
                    way: .app(name: "Holiday Photos", uri: "https://photos.example.com/")
                )
            ),
            .init(
                name: "problem-to-account",
                page: ProblemPage(problem: .linkExpired, detail: nil, way: .account)
            ),
            .init(
                name: "problem-no-way",
                page: ProblemPage(problem: .badRequest, detail: nil, way: .none)
            ),
        ]
}
