import MartletProtocol

/// A device asks whether its person is done, and gets the tokens of a new session when they are
/// (RFC 8628 §3.4): the order of the steps. What a poll brings is decided in
/// `Authorization/DeviceCode.swift`; one that brings nothing yet costs one read.
///
/// The session is the device's own: it has the device's address and user agent, and does not end
/// when the person signs out of the browser in which they allowed it.
struct DeviceCodeGrant {
    let server: AuthorizationServer
    let snapshot: Snapshot

    /// Unknown, used or another client's: one and the same answer.
    static let invalid = OAuthError(.invalidGrant, "The device code is invalid or was used.")
    static let pending = OAuthError(
        .authorizationPending,
        "The user has not decided yet; ask again after the interval."
    )
    static let slowDown = OAuthError(
        .slowDown,
        "The device asks too often; wait five seconds longer between two requests from now on."
    )
    static let expired = OAuthError(
        .expiredToken,
        "The device code has expired; the device has to begin again."
    )

    func answer(_ request: TokenRequest) async throws -> TokenResponse {
        guard let text = try request.parameters.one(WireName.deviceCode) else {
            throw OAuthError(.invalidRequest, "The request has no device_code.")
        }
        let client = try await server.client(of: request, using: .deviceCode, in: snapshot)
        let key = DeviceCode.key(Secret(text))
        guard let entry = try await server.storage.find(key) else { throw Self.invalid }
        let code = try DeviceCode(entry)
        switch code.poll(by: client.id, at: request.arrived) {
        case .foreign: throw Self.invalid
        case .usedTwice(let family):
            try await server.endSession(ofCodeUsedTwice: family)
            throw Self.invalid
        case .denied: throw OAuthError.denied
        case .expired: throw Self.expired
        case .pending:
            let isInTime = server.devices.poll(key, at: request.arrived)
            throw isInTime ? Self.pending : Self.slowDown
        case .approved(let approval):
            return try await exchange(code, entry, approval, for: client, request)
        }
    }

    private func exchange(
        _ code: DeviceCode,
        _ entry: OneTimeEntry,
        _ approval: DeviceCode.Approval,
        for client: Client,
        _ request: TokenRequest
    ) async throws -> TokenResponse {
        let target = try await server.target(
            of: request,
            granted: code.scope,
            code.resources,
            in: snapshot
        )
        let outcome = try await SessionStart(
            server: server,
            snapshot: snapshot,
            client: client,
            account: approval.account,
            scope: code.scope,
            resources: code.resources,
            authentication: approval.authentication,
            origin: code.origin,
            standing: .captured(approval.epochs),
            redemption: .init(entry) { family in
                code.with(.used(approval, for: family.id))
                    .entry(entry.key, until: family.absoluteEnd)
            }
        ).begin(target: target, at: request.arrived)
        switch outcome {
        case .made(let response): return response
        case .standingChanged: throw AuthorizationCodeGrant.ended
        case .notRedeemable:
            // Another request of the same device was quicker.
            guard let entry = try await server.storage.find(entry.key),
                case .used(_, let family) = try DeviceCode(entry).status
            else { throw Self.invalid }
            try await server.endSession(ofCodeUsedTwice: family)
            throw Self.invalid
        }
    }
}
