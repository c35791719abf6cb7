import MartletTesting

/// The app of `authlib_app.py`, running, and the server that it signs people in with.
struct AuthlibApp {
    static let clientID = "authlib-app"
    static let secret = "a secret that the operator chose 7d1f"
    /// A client without a browser, for the pages of the device flow.
    static let deviceClientID = "television"
    /// Shorter than the minute before the end at which Authlib refreshes, so it does at every call.
    static let accessTokenLifetime = 60

    let server: ServerProcess
    let url: String
    private let program: ClientProgram

    static func start() async throws -> AuthlibApp {
        let port = try ServerProcess.freePort()
        let server = try ServerProcess(configuration: Self.configuration(port: port))
        try await server.start()
        let program = try ClientProgram.python(
            "authlib_app.py",
            environment: [
                "ISSUER": server.issuer, "CLIENT_ID": Self.clientID, "CLIENT_SECRET": Self.secret,
                "APP_PORT": "\(port)",
            ]
        )
        try await program.start(listeningOn: port)
        return AuthlibApp(server: server, url: "http://127.0.0.1:\(port)", program: program)
    }

    func stop() {
        program.stop()
        server.stop()
    }

    /// What a script needs to play the person in front of the app.
    var environment: [String: String] {
        [
            "ISSUER": server.issuer, "APP_URL": url, "USERNAME": Person.username,
            "PASSWORD": Person.password,
        ]
    }

    private static func configuration(port: Int) -> String {
        """
        registration:
          mode: open
        clients:
          - client_id: \(clientID)
            client_secret: \(secret)
            client_name: The Authlib app
            redirect_uris: ["http://127.0.0.1:\(port)/callback"]
            post_logout_redirect_uris: ["http://127.0.0.1:\(port)/signed-out"]
            grant_types: [authorization_code, refresh_token]
            response_types: [code]
            scope: openid profile email offline_access
            access_token_lifetime: \(accessTokenLifetime)
          - client_id: \(deviceClientID)
            client_name: The television
            token_endpoint_auth_method: none
            grant_types: ["urn:ietf:params:oauth:grant-type:device_code", refresh_token]
            scope: openid profile offline_access
        \(Person.configuration)
        """
    }
}
