import Foundation
import MartletTesting

/// Apache with mod_auth_openidc before a page, running, and the server that it signs people in with.
struct ApacheApp {
    static let clientID = "apache"
    static let secret = "a secret that the operator chose 93ab"

    let server: ServerProcess
    let url: String
    private let program: ClientProgram
    private let folder: URL

    static func start() async throws -> ApacheApp {
        let port = try ServerProcess.freePort()
        let server = try ServerProcess(configuration: Self.configuration(port: port))
        try await server.start()
        let folder = try makeFolder()
        let program = try ClientProgram(
            "/usr/sbin/apache2",
            [
                "-f", ClientProgram.scripts.appending(path: "apache.conf").path, "-D", "FOREGROUND",
            ],
            environment: [
                "ISSUER": server.issuer, "CLIENT_ID": Self.clientID, "CLIENT_SECRET": Self.secret,
                "APP_PORT": "\(port)", "FOLDER": folder.path, "PASSPHRASE": UUID().uuidString,
            ]
        )
        try await program.start(listeningOn: port)
        return ApacheApp(
            server: server,
            url: "http://127.0.0.1:\(port)",
            program: program,
            folder: folder
        )
    }

    func stop() {
        program.stop()
        server.stop()
        try? FileManager.default.removeItem(at: folder)
    }

    var environment: [String: String] {
        [
            "ISSUER": server.issuer, "APP_URL": url, "USERNAME": Person.username,
            "PASSWORD": Person.password,
        ]
    }

    /// What Apache itself had to say, for a failing test.
    var log: String {
        (try? String(contentsOf: folder.appending(path: "error.log"), encoding: .utf8)) ?? ""
    }

    /// Its run folder, with one public and one protected page. Where root runs the tests, Apache's
    /// children are another user, who reads it.
    private static func makeFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-apache-\(UUID().uuidString)")
        let pages = folder.appending(path: "pages")
        try FileManager.default.createDirectory(
            at: pages.appending(path: "app"),
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o755]
        )
        let welcome = pages.appending(path: "app/index.html")
        try "Welcome".write(to: welcome, atomically: false, encoding: .utf8)
        try "Goodbye".write(
            to: pages.appending(path: "bye.html"),
            atomically: false,
            encoding: .utf8
        )
        return folder
    }

    /// mod_auth_openidc 2.4.12 does no PKCE unless it is told to, and it is told nothing: the client
    /// is confidential and does without.
    private static func configuration(port: Int) -> String {
        """
        clients:
          - client_id: \(clientID)
            client_secret: \(secret)
            client_name: The Apache app
            redirect_uris: ["http://127.0.0.1:\(port)/app/callback"]
            post_logout_redirect_uris: ["http://127.0.0.1:\(port)/bye.html"]
            backchannel_logout_uri: "http://127.0.0.1:\(port)/app/callback?logout=backchannel"
            grant_types: [authorization_code, refresh_token]
            response_types: [code]
            scope: openid profile email offline_access
            require_pkce: false
        \(Person.configuration)
        """
    }
}
