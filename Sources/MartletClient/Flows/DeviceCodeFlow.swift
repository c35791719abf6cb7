public import MartletProtocol

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A sign-in on a device without a browser (RFC 8628): what to show the person.
public struct DeviceSignIn: Sendable {
    /// What the person types, as it is to be shown.
    public let userCode: String
    /// Where the person types it.
    public let verificationURI: String
    /// The same with the code in it, for a QR code.
    public let verificationURIComplete: String?
    /// Until when the code is good.
    public let expiresAt: Date

    let deviceCode: Secret
    let interval: Duration
    let scope: [String]

    /// The interval where the server names none (RFC 8628 §3.2).
    static let standardInterval: Duration = .seconds(5)
    /// What a server may ask for between two questions: anything longer is past a code's life.
    static let longestInterval: Int64 = 300
    /// How long a code may live, for the sum with a date.
    static let longestLife: Int64 = 86_400
}

/// What a device does after an answer of the token endpoint (RFC 8628 §3.5).
enum DevicePolling {
    case done(TokenResponse)
    /// Ask again after this interval, which is kept from now on.
    case wait(Duration)
    case over(ClientError)

    /// How much longer `slow_down` makes the interval.
    static let slowDown: Duration = .seconds(5)
    /// How far lost answers stretch it.
    static let longestBackOff: Duration = .seconds(60)

    /// The rule:
    ///
    /// | answer | |
    /// | --- | --- |
    /// | tokens | done |
    /// | `authorization_pending` | the same interval |
    /// | `slow_down` | five seconds more |
    /// | any other refusal, or the server cannot be asked | over |
    /// | lost | twice the interval, a minute at most, or what the server asks for |
    static func next(after answer: TokenAnswer, interval: Duration) -> DevicePolling {
        switch answer {
        case .tokens(let response):
            return .done(response)
        case .refused(let refusal):
            switch OAuthError.Code(rawValue: refusal.error) {
            case .authorizationPending: return .wait(interval)
            case .slowDown: return .wait(interval + slowDown)
            case _: return .over(.refused(refusal))
            }
        case .lost(let lost):
            return .wait(max(interval, lost.retryAfter ?? min(interval * 2, longestBackOff)))
        case .impossible(let error):
            return .over(error)
        }
    }
}

extension OAuthClient {
    /// Begins a sign-in on a device without a browser (RFC 8628 §3.1).
    ///
    /// ```swift
    /// let device = try await client.beginDeviceSignIn(scope: ["openid", "offline_access"])
    /// print("Open \(device.verificationURI) and type \(device.userCode)")
    /// try await session.signIn(with: client.finishDeviceSignIn(device))
    /// ```
    ///
    /// - Parameter scope: What is asked for.
    /// - Returns: What to show the person.
    /// - Throws: ``ClientError``.
    public func beginDeviceSignIn(
        scope: [String] = [ScopeName.openID, ScopeName.offlineAccess]
    ) async throws -> DeviceSignIn {
        guard let address = try await metadata().deviceAuthorizationEndpoint else {
            throw ClientError(.unsupported, "The server has no device authorization endpoint.")
        }
        let askedAt = surroundings.now()
        let form = [(WireName.scope, scope.joined(separator: " "))]
        let answer = try await endpoints.post(scope.isEmpty ? [] : form, to: address, as: self)
        guard answer.status == 200, let json = try? JSONValue(parsing: answer.body),
            let device = DeviceSignIn(json: json, askedAt: askedAt, scope: scope)
        else { throw TokenAnswer.reading(answer).failure }
        return device
    }

    /// Waits until the person has decided, asking the server as often as it allows (RFC 8628 §3.5).
    ///
    /// - Parameter device: What ``beginDeviceSignIn(scope:)`` made.
    /// - Returns: The tokens; an ID token among them was checked.
    /// - Throws: ``ClientError``: ``ClientError/Code/denied`` if the person said no,
    ///   ``ClientError/Code/tookTooLong`` if the code is over. `CancellationError` if the task was
    ///   cancelled.
    public func finishDeviceSignIn(_ device: DeviceSignIn) async throws -> TokenSet {
        var interval = device.interval
        while surroundings.now() < device.expiresAt {
            try await surroundings.sleep(interval)
            let askedAt = surroundings.now()
            let answer = await askForTokens([
                (WireName.grantType, GrantType.deviceCode.rawValue),
                (WireName.deviceCode, device.deviceCode.text),
            ])
            switch DevicePolling.next(after: answer, interval: interval) {
            case .done(let response):
                return try await checked(response, askedAt: askedAt, scope: device.scope)
            case .wait(let next):
                interval = next
            case .over(let error):
                throw error
            }
        }
        throw ClientError(.tookTooLong, "The code was not used in time.")
    }
}

extension DeviceSignIn {
    /// - Returns: `nil` if a member that RFC 8628 §3.2 requires is missing.
    init?(json: JSONValue, askedAt: Date, scope: [String]) {
        guard let deviceCode = json[WireName.deviceCode]?.string,
            let userCode = json[WireName.userCode]?.string,
            let uri = json[WireName.verificationURI]?.string,
            let life = json[WireName.expiresIn]?.integer
        else { return nil }
        self.deviceCode = Secret(deviceCode)
        self.userCode = userCode
        self.scope = scope
        verificationURI = uri
        verificationURIComplete = json[WireName.verificationURIComplete]?.string
        expiresAt = askedAt + .seconds(min(max(life, 0), Self.longestLife))
        interval =
            json[WireName.interval]?.integer
            .map { .seconds(min(max($0, 1), Self.longestInterval)) } ?? Self.standardInterval
    }
}
