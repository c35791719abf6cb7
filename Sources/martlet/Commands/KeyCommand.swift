import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet key`: what tokens are signed and tagged with.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "See the keys that tokens are signed and tagged with, and replace them.",
        subcommands: [List.self, Rotate.self]
    )
}

extension KeyCommand {
    struct List: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys: which sign, which wait, which are published.",
            discussion: "Example: martlet key list --json"
        )

        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ListAnswer {
            try await KeyCommand.list(installation.server)
        }
    }

    struct Rotate: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the next keys take over, and publish others to wait behind them.",
            discussion: """
                Each key takes over once it was published for longer than anybody may cache the \
                key set; nothing that was handed out stops being good. With --compromised all keys \
                are dropped now, and every session ends: for when somebody may have them.

                Example: martlet key rotate
                """
        )

        @Flag(help: "Drop all keys now, and end every session.")
        var compromised = false
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Rotated {
            let server = installation.server
            var ended: AuthorizationServer.LiveSessions?
            if compromised {
                ended = try await server.liveSessions()
                try await server.keyAdministration.rotateCompromised()
            } else {
                try await server.keyAdministration.rotate()
            }
            return Rotated(ended: ended, keys: try await KeyCommand.list(server))
        }
    }

    fileprivate static func list(_ server: AuthorizationServer) async throws -> ListAnswer {
        let keys = try await server.keyAdministration.list()
        let now = server.surroundings.now()
        var table = TextTable("key", "use", "state", "signs from", "published")
        for key in keys {
            table.add(
                key.use.name,
                key.use.text,
                key.phase.rawValue,
                key.activeFrom.map { $0.told(at: now) } ?? "",
                key.isPublished ? "yes" : "no"
            )
        }
        return ListAnswer(table, keys.map(\.json), none: "There are no keys.")
    }

    /// What a rotation did, and the keys as they are now.
    struct Rotated: Showable {
        let ended: AuthorizationServer.LiveSessions?
        let keys: ListAnswer

        var text: String {
            let sentence =
                ended.map { "All keys are dropped; this ended \($0.counted)." }
                ?? "The next keys are appointed; what was handed out stays good."
            return sentence + "\n\n" + keys.text
        }

        var json: JSONValue { keys.json }
    }
}

extension KeyAdministration.Listing.Use {
    fileprivate var name: String {
        switch self {
        case .signing(_, let keyID): keyID
        case .refreshTokens(let id): id.description
        case .clientSecrets(let id): String(id.value)
        case .cookies(let id): String(id)
        }
    }

    fileprivate var text: String {
        switch self {
        case .signing(let algorithm, _): "signs tokens (\(algorithm.rawValue))"
        case .refreshTokens: "tags refresh tokens"
        case .clientSecrets: "hashes client secrets"
        case .cookies: "authenticates forms and cookies"
        }
    }
}

extension KeyAdministration.Listing {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        switch use {
        case .signing(let algorithm, let keyID):
            object["use"] = "signing"
            object["kid"] = .string(keyID)
            object["algorithm"] = .string(algorithm.rawValue)
        case .refreshTokens(let id):
            object["use"] = "refresh_tokens"
            object["id"] = .integer(Int64(id.value))
        case .clientSecrets(let id):
            object["use"] = "client_secrets"
            object["id"] = .integer(Int64(id.value))
        case .cookies(let id):
            object["use"] = "cookies"
            object["id"] = .integer(Int64(id))
        }
        object["state"] = .string(phase.rawValue)
        object["active_from"] = activeFrom.json(\.json)
        object["published"] = .bool(isPublished)
        return .object(object)
    }
}
