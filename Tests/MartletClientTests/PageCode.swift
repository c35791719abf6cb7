import MartletProtocol

@testable import MartletClient

/// Code that the library's pages show and no example has, compiled here.
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
}
