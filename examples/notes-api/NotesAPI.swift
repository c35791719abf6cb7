import Foundation
import Hummingbird
import MartletHummingbird
import MartletProtocol
import MartletResourceServer
import Synchronization

/// An API that keeps people's notes in memory: each sees their own, and what their app may do is in its
/// access token.
@main
struct NotesAPI {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let address = environment["NOTES_ADDRESS"] ?? "http://localhost:3001"
        let issuer = environment["NOTES_ISSUER"] ?? "http://localhost:3000"

        guard let secret = environment["NOTES_SECRET"] else {
            let tokens = AccessTokenGuard(AccessTokenVerifier(issuer: issuer, audience: address))
            return try await serve(tokens, at: address)
        }
        let ended = EndedSessions()
        let follower = EndedSessionsFollower(
            issuer: issuer,
            audience: address,
            clientID: "notes-api",
            secret: Secret(secret),
            into: ended
        )
        async let _: Void = follower.run()

        let verifier = AccessTokenVerifier(issuer: issuer, audience: address)
        try await serve(AccessTokenGuard(verifier, checks: [ended]), at: address)
    }

    /// Answers until somebody stops it.
    static func serve(_ tokens: AccessTokenGuard, at address: String) async throws {
        let router = Router(context: GuardedRequestContext.self)
        router.acceptTokens(tokens)
        addRoutes(to: router, Notes())

        let port = URL(string: address)?.port ?? 3001
        let app = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port))
        )
        try await app.runService()
    }

    static func addRoutes(to router: Router<GuardedRequestContext>, _ notes: Notes) {
        router.group("notes")
            .requireToken(scope: "notes:read")
            .get { _, context in notes.all(of: try context.caller.subject) }

        router.group("notes")
            .requireToken(scope: "notes:write")
            .post { request, context in
                let text = try await request.body.collect(upTo: Notes.maximumLength)
                notes.add(String(buffer: text), by: try context.caller.subject)
                return HTTPResponse.Status.created
            }

        router.group("notes")
            .requireToken(scope: "notes:write", maximumAge: .seconds(300))
            .delete { _, context in
                notes.forget(try context.caller.subject)
                return HTTPResponse.Status.noContent
            }
    }
}

/// Everybody's notes.
final class Notes: Sendable {
    /// The longest note, in bytes.
    static let maximumLength = 1000
    /// How many notes one person may keep: the oldest goes.
    static let maximumCount = 100

    private let texts = Mutex<[String: [String]]>([:])

    func all(of person: String) -> [String] {
        texts.withLock { $0[person] ?? [] }
    }

    func add(_ text: String, by person: String) {
        texts.withLock { texts in
            texts[person] = ((texts[person] ?? []) + [text]).suffix(Self.maximumCount)
        }
    }

    func forget(_ person: String) {
        texts.withLock { $0[person] = nil }
    }
}
