import Foundation
import HTTPTypes
import MartletClient
import MartletProtocol
import MartletTransport

/// A command-line app that signs a person in with their browser, once, and stays signed in: each run
/// has a good access token, whichever run renewed it last.
@main
struct NotesCommand {
    /// What the app may do: sign the person in, for long, and read and write their notes.
    static let scope = ["openid", "offline_access", "notes:read", "notes:write"]

    let session: OAuthSession

    init(issuer: String, clientID: String) throws {
        let client = OAuthClient(issuer: issuer, clientID: clientID)
        session = OAuthSession(client: client, store: try FileTokenStore(application: "notes"))
    }

    /// Opens the browser, and keeps the tokens that come back.
    func signIn() async throws {
        let options = SignInOptions(scope: Self.scope)
        let tokens = try await session.client.signInWithBrowser(options) { url in
            print("Sign in at \(url)")
            try? SystemBrowser.open(url)
        }
        try await session.signIn(with: tokens)
        print("Signed in as \(tokens.idToken?.claims.subject ?? "somebody").")
    }

    /// Shows a code for another device, where there is no browser here.
    func signInOnDevice() async throws {
        let device = try await session.client.beginDeviceSignIn(scope: Self.scope)
        print("Open \(device.verificationURI) and type \(device.userCode)")
        let tokens = try await session.client.finishDeviceSignIn(device)
        try await session.signIn(with: tokens)
    }

    /// Reads from an API, with an access token that is good now.
    func get(_ address: String) async throws {
        guard let url = URL(string: address) else { return print("\(address) is not an address.") }
        let (data, response) = try await session.data(from: url)
        print(response.status.code, String(decoding: data, as: UTF8.self))
    }

    /// Writes to an API, likewise.
    func add(_ text: String, to address: String) async throws {
        guard let url = URL(string: address) else { return print("\(address) is not an address.") }
        let (_, response) = try await session.data(
            for: HTTPRequest(.post, url),
            body: Data(text.utf8)
        )
        print(response.status.code)
    }

    /// Forgets the tokens here, and ends the session at the server.
    func signOut() async throws {
        switch try await session.signOut() {
        case .everywhere: print("Signed out.")
        case .here(let error): print("Signed out here. \(error.description)")
        }
    }

    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let notes = try NotesCommand(
            issuer: environment["NOTES_ISSUER"] ?? "http://localhost:3000",
            clientID: environment["NOTES_CLIENT_ID"] ?? "notes"
        )
        do {
            try await notes.run(Array(CommandLine.arguments.dropFirst()))
        } catch let error as ClientError where error.needsSignIn {
            // Expired, ended, or ended because the refresh token was used twice.
            print("\(error.description) Run: notes-cli sign-in")
        } catch let error as ClientError where error.isTemporary {
            // The session stands.
            print("The server cannot be reached. Try again later.")
        }
    }

    private func run(_ arguments: [String]) async throws {
        switch (arguments.first, arguments.count) {
        case ("sign-in", 1): try await signIn()
        case ("sign-in", 2) where arguments[1] == "--device": try await signInOnDevice()
        case ("get", 2): try await get(arguments[1])
        case ("add", 3): try await add(arguments[2], to: arguments[1])
        case ("sign-out", 1): try await signOut()
        case _:
            print("usage: notes-cli sign-in [--device] | get ADDRESS | add ADDRESS TEXT | sign-out")
        }
    }
}
