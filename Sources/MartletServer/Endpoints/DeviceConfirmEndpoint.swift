import Hummingbird
import MartletCore
import MartletProtocol

/// `POST /device/confirm` (RFC 8628 §3.3): the person lets the device in, or not. Whoever opens it
/// as a page is led back to the question.
struct DeviceConfirmEndpoint {
    let desk: PageDesk

    /// The answer is to this question: about this device, from who is signed in.
    static func purpose(
        _ code: UserCode,
        _ person: AuthorizationServer.SignedIn
    ) -> [String] {
        ["device confirm", code.shown, person.signIn.id.rawValue]
    }

    func answer(_ visit: PageRequest) async throws -> Response {
        let typed = try visit.parameters.one(WireName.userCode)
        guard visit.request.method == .post, let typed, let code = UserCode(typed: typed) else {
            return desk.goToDevice(typed)
        }
        guard let person = try await desk.person(of: visit) else {
            return desk.signInForDevice(typed)
        }
        let again = DeviceEndpoint(desk: desk)
        guard try await desk.isGenuine(visit, for: Self.purpose(code, person)) else {
            return try await again.show(visit, typed, .formExpired)
        }
        guard let decision = try visit.action()?.deviceDecision else {
            return desk.goToDevice(typed)
        }
        let answer = try await desk.server.answerDevice(
            typed,
            with: decision,
            by: person,
            from: visit.origin,
            at: visit.arrived
        )
        switch answer {
        case .done(.allow, let client):
            return desk.show(
                DeviceDonePage(outcome: .allowed, clientName: client.shownName),
                to: visit
            )
        case .done(.deny, let client):
            return desk.show(
                DeviceDonePage(outcome: .denied, clientName: client.shownName),
                to: visit
            )
        case .unknown: return try await again.show(visit, typed, .unknownCode)
        case .tooManyAttempts: return try await again.show(visit, typed, .tooManyAttempts)
        case .signedOut: return desk.signInForDevice(typed)
        }
    }
}

extension PageAction {
    /// What the button says to the device; `nil` if it is another form's.
    fileprivate var deviceDecision: DeviceDecision? {
        switch self {
        case .allow: .allow
        case .deny: .deny
        case .signIn, .cancel, .proceed, .other, .signOut, .stay: nil
        }
    }
}
