import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet client`: the applications that ask for tokens.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Register clients, the applications that ask for tokens, and change them.",
        subcommands: [
            Create.self, List.self, Show.self, Update.self, RotateSecret.self, Delete.self,
        ]
    )
}

extension ClientCommand {
    struct Create: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a client; prints its id and secret, this one time.",
            discussion: """
                Reads client metadata as JSON (RFC 7591, OpenID Connect Dynamic Client \
                Registration) and prints the registration response, as JSON in any case. Beside \
                the standards' members it takes refresh_token_policy {rotation, overlap, \
                idle_lifetime, absolute_lifetime, max_sessions}, access_token_lifetime, \
                allowed_resources, skip_consent and require_pkce.

                Redirect URIs are https, http on loopback, or (application_type native) of an \
                app's own scheme like com.example.app:/callback; they are compared byte for byte.

                Example:
                  echo '{"client_name": "Mail", "scope": "openid email offline_access",
                         "grant_types": ["authorization_code", "refresh_token"],
                         "redirect_uris": ["https://mail.example.com/callback"]}' > mail.json
                  martlet client create --metadata mail.json
                """
        )

        @Option(help: ArgumentHelp("The metadata; - is standard input.", valueName: "file"))
        var metadata: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> JSONAnswer {
            let metadata = try CommandInput.json(from: metadata)
            let made = try await installation.server.createClient(metadata: metadata)
            return JSONAnswer(json: made.json)
        }
    }

    struct List: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the clients.",
            discussion: "Example: martlet client list --json"
        )

        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ListAnswer {
            let clients = try await installation.server.clients()
            var table = TextTable("id", "name", "grants", "authentication", "owner", "created")
            for client in clients {
                table.add(
                    client.id.rawValue,
                    client.metadata.name ?? "",
                    client.metadata.grantTypes.map(\.rawValue).joined(separator: " "),
                    client.metadata.authenticationMethod.rawValue,
                    client.managedBy.rawValue,
                    client.createdAt.text
                )
            }
            return ListAnswer(
                table,
                clients.map(\.json),
                none: "There are no clients; martlet client create --metadata FILE makes one."
            )
        }
    }

    struct Show: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a client and the refresh token policy that holds for it.",
            discussion: "Example: martlet client show mcl_Yx3k…"
        )

        @Argument(help: "The client's id.")
        var id: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ClientAnswer {
            let client = try await installation.server.client(ClientID(rawValue: id)).value
            return ClientAnswer(client: client, policy: installation.server.policy(of: client))
        }
    }

    struct Update: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace a client's metadata.",
            discussion: """
                The whole metadata is replaced (RFC 7592): what the file leaves out is at its \
                default afterwards. A client that becomes confidential gets a secret, printed this \
                one time; one that becomes public loses it, and its sessions end.

                Example: martlet client update mcl_Yx3k… --metadata client.json
                """
        )

        @Argument(help: "The client's id.")
        var id: String
        @Option(help: ArgumentHelp("The metadata; - is standard input.", valueName: "file"))
        var metadata: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> JSONAnswer {
            let metadata = try CommandInput.json(from: metadata)
            let updated = try await installation.server.updateClient(
                ClientID(rawValue: id),
                metadata: metadata
            )
            return JSONAnswer(json: updated.json)
        }
    }

    struct RotateSecret: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a client another secret; prints it, this one time.",
            discussion: """
                The secret before it is refused at once; sessions go on.

                Example: martlet client rotate-secret mcl_Yx3k…
                """
        )

        @Argument(help: "The client's id.")
        var id: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> JSONAnswer {
            let id = ClientID(rawValue: id)
            return JSONAnswer(json: try await installation.server.rotateClientSecret(id).json)
        }
    }

    struct Delete: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a client; its sessions are over.",
            discussion: "Example: martlet client delete mcl_Yx3k…"
        )

        @Argument(help: "The client's id.")
        var id: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            let client = ClientID(rawValue: id)
            let ended = try await installation.server.liveSessions(client: client)
            try await installation.server.deleteClient(client)
            return Statement(
                "Deleted the client “\(id.printable)”; \(ended.over).",
                [
                    WireName.clientID: .string(id), "deleted": true,
                    "ended_sessions": .integer(Int64(ended.count)),
                ]
            )
        }
    }
}

/// One client, with the policy that its own members and the server's make together.
struct ClientAnswer: Showable {
    let client: Client
    let policy: RotationPolicy

    var json: JSONValue { client.json }

    var text: String {
        var facts = TextFacts()
        facts.add("id", client.id.rawValue)
        facts.add("name", client.metadata.name)
        facts.add("grants", client.metadata.grantTypes.map(\.rawValue).joined(separator: " "))
        facts.add("authentication", client.metadata.authenticationMethod.rawValue)
        facts.add("scope", client.metadata.scope.description)
        if client.metadata.signsPeopleIn { addSignIn(to: &facts) }
        facts.add(
            "resources",
            client.metadata.allowedResources.map(\.rawValue).joined(separator: " ")
        )
        facts.add("rotation", policy.rotation.rawValue)
        facts.add("overlap", policy.overlap.text)
        facts.add("idle lifetime", policy.idleLifetime.text)
        facts.add("absolute lifetime", policy.absoluteLifetime.text)
        facts.add("sessions per user", "at most \(policy.maxSessions)")
        facts.add("access tokens", client.metadata.accessTokenLifetime.map { $0.text })
        facts.add("owner", client.managedBy.rawValue)
        facts.add("created", client.createdAt.text)
        return facts.text
    }

    /// How people sign in for it.
    private func addSignIn(to facts: inout TextFacts) {
        let metadata = client.metadata
        facts.add("redirect URIs", metadata.redirectURIs.map(\.text).joined(separator: " "))
        facts.add(
            "after logout",
            metadata.postLogoutRedirectURIs.map(\.text).joined(separator: " ")
        )
        facts.add("told of logout", metadata.backchannelLogoutURI)
        facts.add("application", metadata.applicationType.rawValue)
        facts.add("PKCE", metadata.requirePKCE ? "required" : "not required")
        facts.add("consent", metadata.skipConsent ? "not asked" : "asked")
        facts.add("subjects", metadata.subjectType.rawValue)
        facts.add("ID tokens", metadata.idTokenAlgorithm.rawValue)
        facts.add("UserInfo", metadata.userInfoAlgorithm?.rawValue)
        facts.add("longest sign-in", metadata.defaultMaxAge.map { $0.text })
    }
}

extension RotationPolicy.Overlap {
    fileprivate var text: String {
        switch self {
        case .seconds(0): "none: the first reuse ends the session"
        case .seconds(let seconds): Duration.seconds(seconds).text
        case .untilUsed: "until the successor is used"
        }
    }
}

extension Client {
    /// The registration without the secret, and who owns it.
    fileprivate var json: JSONValue {
        var object = registration()
        object["managed_by"] = .string(managedBy.rawValue)
        return .object(object)
    }
}
