import Foundation
import HTTPTypes
import MartletClient
import MartletProtocol

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

    /// Asks an API, with an access token that is good now.
    func get(_ address: String) async throws {
        guard let url = URL(string: address) else { return print("\(address) is not an address.") }
        do {
            let (data, response) = try await session.data(from: url)
            print(response.status.code, String(decoding: data, as: UTF8.self))
        } catch let error as ClientError where error.needsSignIn {
            // Expired, ended, or ended because the refresh token was used twice.
            print("\(error.description) Run: notes sign-in")
        } catch let error as ClientError where error.isTemporary {
            // The session stands.
            print("The server cannot be reached. Try again later.")
        }
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
        switch Array(CommandLine.arguments.dropFirst()) {
        case ["sign-in"]: try await notes.signIn()
        case ["sign-in", "--device"]: try await notes.signInOnDevice()
        case ["sign-out"]: try await notes.signOut()
        case let arguments where arguments.count == 2 && arguments[0] == "get":
            try await notes.get(arguments[1])
        case _: print("usage: notes sign-in [--device] | get ADDRESS | sign-out")
        }
    }
}
