import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet session`: logins that go on, each with all its refresh tokens.
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "See sessions, where they came from and why they ended, and end them.",
        discussion: """
            A session is one login of a user on one client, with every refresh token that descends \
            from it. Its id is the sid of its access tokens.
            """,
        subcommands: [List.self, Show.self, Revoke.self]
    )
}

/// Whose sessions are meant.
struct SessionSelection: ParsableArguments {
    @Option(help: "The sessions of the user of this name.")
    var user: String?
    @Option(help: "The sessions at the client of this id.")
    var client: String?

    var clientID: ClientID? { client.map(ClientID.init) }
}

/// The id of a session as an argument.
private enum SessionID {
    static func read(_ text: String) throws(Refusal) -> FamilyID {
        guard let id = FamilyID(text) else {
            throw Refusal(
                "“\(text.printable)” is no session id; martlet session list shows them, each 13 "
                    + "letters and digits."
            )
        }
        return id
    }
}

extension SessionCommand {
    struct List: InstallationCommand {
        /// One screen, and a bound on what one command reads.
        static let limits = 1...1000

        static let configuration = CommandConfiguration(
            abstract: "List sessions, the newest first.",
            discussion: "Example: martlet session list --user ann"
        )

        @OptionGroup var selection: SessionSelection
        @Option(help: "At most this many (1 to 1000).")
        var limit = AuthorizationServer.sessionPage
        @Option(help: ArgumentHelp("Go on after this session.", valueName: "sid"))
        var before: String?
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard Self.limits.contains(limit) else {
                throw ValidationError("--limit is a number from 1 to 1000.")
            }
        }

        func answer(in installation: Installation) async throws -> ListAnswer {
            let server = installation.server
            if let client = selection.clientID { _ = try await server.client(client) }
            let sessions = try await server.sessions(
                ofAccount: selection.user,
                client: selection.clientID,
                before: try before.map { try SessionID.read($0) },
                limit: limit
            )
            if sessions.count == limit, let last = sessions.last {
                Terminal.complain(
                    "There may be more; go on with --before \(last.family.authorized.id)"
                )
            }
            return list(sessions, at: server.surroundings.now())
        }

        private func list(
            _ sessions: [AuthorizationServer.Session],
            at now: Instant
        ) -> ListAnswer {
            var table = TextTable(
                "sid",
                "user",
                "client",
                "state",
                "signed in",
                "last used",
                "from"
            )
            for session in sessions {
                let family = session.family
                table.add(
                    family.authorized.id.description,
                    session.username ?? "(deleted)",
                    family.authorized.client.rawValue,
                    session.ended.map { "over: \($0.reason.rawValue)" } ?? "live",
                    family.authorized.madeAt.text(seenFrom: now),
                    family.state.lastRotation.text(seenFrom: now),
                    family.authorized.origin.address
                )
            }
            return ListAnswer(
                table,
                sessions.map {
                    .object(SessionStory(session: $0, history: [], now: now).json)
                },
                none: "There are no such sessions."
            )
        }
    }

    struct Show: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell a session's story: whose it is, whether it lives, what happened.",
            discussion: "Example: martlet session show 01kdz3m8q4v7x"
        )

        @Argument(help: "The session's id.")
        var sid: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> SessionAnswer {
            let (session, history) = try await installation.server.session(SessionID.read(sid))
            return SessionAnswer(
                story: SessionStory(
                    session: session,
                    history: history,
                    now: installation.server.surroundings.now()
                )
            )
        }
    }

    struct Revoke: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "End one session, or all of a user or of a client.",
            discussion: """
                Refresh tokens are refused from here on. APIs that check access tokens locally \
                accept those that are out until they expire.

                Examples:
                  martlet session revoke 01kdz3m8q4v7x
                  martlet session revoke --user ann
                """
        )

        @Argument(help: "The session's id.")
        var sid: String?
        @OptionGroup var selection: SessionSelection
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard [sid, selection.user, selection.client].count(where: { $0 != nil }) == 1 else {
                throw ValidationError("Name one of: a session's id, --user or --client.")
            }
        }

        func answer(in installation: Installation) async throws -> Statement {
            let server = installation.server
            if let user = selection.user { return try await revoke(user: user, on: server) }
            if let id = selection.clientID { return try await revoke(client: id, on: server) }
            return try await revoke(SessionID.read(sid ?? ""), on: server)
        }

        private func revoke(
            _ id: FamilyID,
            on server: AuthorizationServer
        ) async throws -> Statement {
            let session = try await server.endSession(id)
            let story = SessionStory(
                session: session,
                history: [],
                now: server.surroundings.now()
            )
            return Statement(
                session.ended == nil ? "Ended \(story.name)." : story.standing,
                [
                    "sid": .string(id.description),
                    "ended_sessions": session.ended == nil ? 1 : 0,
                ]
            )
        }

        private func revoke(
            user: String,
            on server: AuthorizationServer
        ) async throws -> Statement {
            let ended = try await server.liveSessions(ofAccount: user)
            try await server.endSessions(ofAccount: user)
            return Statement(
                "Signed the user “\(user.printable)” out everywhere; \(ended.over).",
                [
                    WireName.username: .string(user),
                    "ended_sessions": .integer(Int64(ended.count)),
                ]
            )
        }

        private func revoke(
            client id: ClientID,
            on server: AuthorizationServer
        ) async throws -> Statement {
            let ended = try await server.liveSessions(client: id)
            try await server.endSessions(ofClient: id)
            return Statement(
                "Ended all sessions of the client “\(id.rawValue.printable)”; \(ended.over).",
                [
                    WireName.clientID: .string(id.rawValue),
                    "ended_sessions": .integer(Int64(ended.count)),
                ]
            )
        }
    }
}

/// One session, told.
struct SessionAnswer: Showable {
    let story: SessionStory

    var text: String {
        let name = story.name.prefix(1).uppercased() + story.name.dropFirst()
        let facts = ["\(name).", story.standing, story.use, story.scope]
        let life = story.life.map { "  \($0)" }
        return (facts + ["", "Its life:"] + life).joined(separator: "\n")
    }

    var json: JSONValue {
        var object = story.json
        object["history"] = story.historyJSON
        return .object(object)
    }
}
