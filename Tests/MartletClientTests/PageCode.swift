import Foundation
import HTTPTypes
import MartletProtocol

@testable import MartletClient

/// Code that pages and comments of the library show and no example has, compiled here.
enum PageCode {
    static func service(issuer: String, secret: String) -> OAuthSession {
        let session = OAuthSession.service(
            OAuthClient(
                issuer: issuer,
                clientID: "reports",
                authentication: .secret(Secret(secret))
            ),
            scope: ["orders:read"]
        )
        return session
    }

    static func client() -> OAuthClient {
        let client = OAuthClient(issuer: "https://login.example.com", clientID: "notes")
        return client
    }

    static func data(from notes: URL) async throws -> (Data, HTTPResponse) {
        let session = OAuthSession(
            client: OAuthClient(issuer: "https://login.example.com", clientID: "notes"),
            store: try FileTokenStore(application: "notes")
        )

        let (data, response) = try await session.data(from: notes)
        return (data, response)
    }

    static func signIn(_ client: OAuthClient, _ session: OAuthSession) async throws {
        let device = try await client.beginDeviceSignIn(scope: ["openid", "offline_access"])
        print("Open \(device.verificationURI) and type \(device.userCode)")
        try await session.signIn(with: client.finishDeviceSignIn(device))
    }

    static func showOffline(tryAgainAt date: Date?) { print(date?.description ?? "later") }

    static func ask(
        _ session: OAuthSession,
        _ request: HTTPRequest,
        show: (Any) -> Void
    ) async throws {
        do {
            show(try await session.data(for: request))
        } catch let error as ClientError where error.needsSignIn {
            // Expired, ended, or ended because the refresh token was used twice.
            show("Please sign in again. " + error.description)
        } catch let error as ClientError where error.isTemporary {
            showOffline(tryAgainAt: error.retryAt)
        }
    }
}
