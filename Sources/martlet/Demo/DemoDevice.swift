import MartletCore
import MartletProtocol

/// What the demo shows of a device login (RFC 8628): a device without a keyboard shows a link and a
/// code, a person allows it in a browser, and the device gets its tokens.
struct DemoDevice {
    let server: AuthorizationServer
    /// How the QR code is drawn.
    let ink: QRCode.Ink

    private static let origin = Origin(address: "127.0.0.1", userAgent: "Demo television")

    /// Plays the device until the person has answered or the code is over.
    func play(_ tell: (String) -> Void) async throws {
        let client = try await server.createClient(metadata: [
            "client_name": "The demo's television",
            "token_endpoint_auth_method": .string(ClientAuthenticationMethod.none.rawValue),
            "grant_types": .array([
                .string(GrantType.deviceCode.rawValue), .string(GrantType.refreshToken.rawValue),
            ]),
            "id_token_signed_response_alg": .string(SignatureAlgorithm.es256.rawValue),
        ]).client.id
        let device = try await server.authorizeDevice(request(client, []))
        tell(invitation(device))
        while true {
            try await Task.sleep(for: .seconds(device.interval))
            do {
                let tokens = try await server.token(
                    request(
                        client,
                        [
                            (WireName.grantType, GrantType.deviceCode.rawValue),
                            (
                                WireName.deviceCode,
                                String(decoding: device.deviceCode.bytes, as: UTF8.self)
                            ),
                        ]
                    )
                )
                tell("  the television got its tokens, for: \(tokens.scope)\n")
                return
            } catch let error as OAuthError {
                guard error.code != .authorizationPending else { continue }
                tell("  the television got \(error.code.rawValue): \(error.sentence)\n")
                return
            }
        }
    }

    private func invitation(_ device: DeviceAuthorization) -> String {
        let code = QRCode(device.completeURI)?.text(ink) ?? ""
        return """

            A television wants to be connected. It shows this code, and the link as a picture too:

              \(device.userCode.shown)
              \(device.completeURI)

            \(code)
            Open the link on this computer, sign in as test (password test), and compare the code.
            The television asks every \(device.interval) seconds whether you are done.

            """
    }

    private func request(
        _ client: ClientID,
        _ parameters: [(String, String)]
    ) throws -> TokenRequest {
        let pairs = parameters + [(WireName.clientID, client.rawValue)]
        let body = pairs.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        return TokenRequest(
            parameters: try FormParameters(parsing: Array(body.utf8)),
            authorization: nil,
            origin: Self.origin,
            arrived: server.surroundings.now()
        )
    }
}
