import Hummingbird
import MartletCore
import MartletProtocol

/// `GET` and `POST /device` (RFC 8628 §3.3): which code does the device show?
///
/// A link may bring the code along (`verification_uri_complete`). Nothing comes of it by itself:
/// the person is shown the code and asked, like one who typed it (§3.3.1).
struct DeviceEndpoint {
    private static let purpose = ["device"]

    let desk: PageDesk

    func answer(_ visit: PageRequest) async throws -> Response {
        let typed = try visit.parameters.one(WireName.userCode)
        guard let person = try await desk.person(of: visit) else {
            return desk.signInForDevice(typed)
        }
        if visit.request.method == .post, try await !desk.isGenuine(visit, for: Self.purpose) {
            return try await show(visit, typed, .formExpired)
        }
        guard let typed else { return try await show(visit, nil, nil) }
        return try await confirm(typed, visit, person)
    }

    /// Asks about the device behind a code.
    private func confirm(
        _ typed: String,
        _ visit: PageRequest,
        _ person: AuthorizationServer.SignedIn
    ) async throws -> Response {
        let lookup = try await desk.server.waitingDevice(
            typed,
            for: person,
            from: visit.origin,
            at: visit.arrived
        )
        switch lookup {
        case .unknown: return try await show(visit, typed, .unknownCode)
        case .tooManyAttempts: return try await show(visit, typed, .tooManyAttempts)
        case .waiting(let device):
            let purpose = DeviceConfirmEndpoint.purpose(device.userCode, person)
            return desk.show(
                DeviceConfirmPage(
                    client: device.client.card(redirect: nil),
                    accountName: person.account.value.username,
                    userCode: device.userCode.shown,
                    device: device.origin,
                    scopes: device.scope.tokens.map { ScopeLine(name: $0) },
                    csrf: try await desk.formToken(visit, for: purpose)
                ),
                to: visit
            )
        }
    }

    /// The page with the field for the code.
    func show(
        _ visit: PageRequest,
        _ typed: String?,
        _ problem: DevicePage.Problem?
    ) async throws -> Response {
        desk.show(
            DevicePage(
                userCode: typed.map { UserCode(typed: $0)?.shown ?? $0.shown(atMost: 32) } ?? "",
                problem: problem,
                csrf: try await desk.formToken(visit, for: Self.purpose)
            ),
            to: visit
        )
    }
}

extension PageDesk {
    /// Who is signed in.
    func person(of visit: PageRequest) async throws -> AuthorizationServer.SignedIn? {
        try await server.signedIn(by: visit.signInCookie, at: visit.arrived)
    }

    /// To the sign-in, and then back to the code.
    func signInForDevice(_ typed: String?) -> Response {
        go(to: .login, then: .device(query: Self.deviceQuery(typed)))
    }

    /// To the page for the code, with what was typed.
    func goToDevice(_ typed: String?) -> Response {
        go(on: .device(query: Self.deviceQuery(typed)))
    }

    /// What cannot be a code is not taken along.
    private static func deviceQuery(_ typed: String?) -> String {
        guard let code = typed.flatMap({ UserCode(typed: $0) }) else { return "" }
        return FormText.encode([(WireName.userCode, code.shown)])
    }
}
