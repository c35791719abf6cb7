import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet resource`: the APIs that access tokens are for.
struct ResourceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resource",
        abstract: "Describe APIs, their scopes and what their tokens are signed with.",
        subcommands: [
            Create.self, List.self, Show.self, Update.self, RotateSecret.self, Delete.self,
        ]
    )
}

/// What can be said of an API; what is not said stays as it is.
struct ResourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The scopes that it defines, as in read,write.", valueName: "list"))
    var scopes: String?
    @Option(
        help: ArgumentHelp(
            "What its access tokens are signed with: ES256 (default), RS256, PS256 or EdDSA.",
            valueName: "name"
        ),
        transform: ResourceOptions.algorithm
    )
    var signingAlgorithm: SignatureAlgorithm?
    @Option(
        help: ArgumentHelp(
            "Refuse sessions that were not used for this long; ends none.",
            valueName: "seconds"
        )
    )
    var idleLifetime: Int64?
    @Option(
        help: ArgumentHelp(
            "Refuse sessions whose sign-in was longer ago; ends none.",
            valueName: "seconds"
        )
    )
    var absoluteLifetime: Int64?

    func validate() throws {
        if let scopes, Scope(list: scopes) == nil {
            throw ValidationError("--scopes is a list like read,write (RFC 6749 section 3.3).")
        }
        let bounds = 1...RotationPolicy.maximumLifetime.wholeSeconds
        for seconds in [idleLifetime, absoluteLifetime].compactMap(\.self)
        where !bounds.contains(seconds) {
            throw ValidationError(
                "A lifetime is \(bounds.lowerBound) to \(bounds.upperBound) seconds."
            )
        }
    }

    private static func algorithm(_ name: String) throws -> SignatureAlgorithm {
        guard let algorithm = SignatureAlgorithm(rawValue: name) else {
            let known = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("It is one of \(known).")
        }
        return algorithm
    }

    var settings: AuthorizationServer.ResourceSettings {
        AuthorizationServer.ResourceSettings(
            scope: scopes.flatMap(Scope.init(list:)),
            signingAlgorithm: signingAlgorithm,
            idleLifetime: idleLifetime.map { .seconds($0) },
            absoluteLifetime: absoluteLifetime.map { .seconds($0) }
        )
    }
}

extension Scope {
    /// `read,write`; spaces separate as well.
    fileprivate init?(list: String) {
        self.init(tokens: list.split { $0 == "," || $0 == " " }.map(String.init))
    }
}

extension ResourceCommand {
    struct Create: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Describe an API; prints what it introspects with, this one time.",
            discussion: """
                The identifier is the aud of its access tokens. With the client_id and \
                client_secret that are printed, the API may ask the introspection endpoint about \
                tokens that are for it, or verify them itself and follow the feed of ended \
                sessions (docs/ended-sessions.md); only to verify them it needs neither.

                Example:
                  martlet resource create --identifier https://api.example.com --scopes read,write
                """
        )

        @Option(help: ArgumentHelp("An absolute URI without fragment.", valueName: "uri"))
        var identifier: String
        @OptionGroup var description: ResourceOptions
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard description.scopes != nil else {
                throw ValidationError("Missing expected argument '--scopes <list>'")
            }
        }

        func answer(in installation: Installation) async throws -> ResourceAnswer {
            let made = try await installation.server.createResource(
                identifier,
                description.settings
            )
            return ResourceAnswer(resource: made.resource, secret: made.secret)
        }
    }

    struct List: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the APIs.",
            discussion: "Example: martlet resource list --json"
        )

        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ListAnswer {
            let resources = try await installation.server.resources()
            var table = TextTable("identifier", "scopes", "signed with", "owner")
            for resource in resources {
                table.add(
                    resource.id.rawValue,
                    resource.scope.description,
                    resource.signingAlgorithm.rawValue,
                    resource.managedBy.rawValue
                )
            }
            return ListAnswer(
                table,
                resources.map { ResourceAnswer(resource: $0, secret: nil).json },
                none: "There are no resources; martlet resource create describes one."
            )
        }
    }

    struct Show: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an API.",
            discussion: "Example: martlet resource show https://api.example.com"
        )

        @Argument(help: "The API's identifier.")
        var identifier: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ResourceAnswer {
            let id = ResourceID(rawValue: identifier)
            return ResourceAnswer(
                resource: try await installation.server.resource(id).value,
                secret: nil
            )
        }
    }

    struct Update: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change an API's scopes, algorithm or lifetimes.",
            discussion: """
                What is not named stays as it is.

                Example: martlet resource update https://api.example.com --scopes read,write,admin
                """
        )

        @Argument(help: "The API's identifier.")
        var identifier: String
        @OptionGroup var description: ResourceOptions
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ResourceAnswer {
            ResourceAnswer(
                resource: try await installation.server.updateResource(
                    ResourceID(rawValue: identifier),
                    description.settings
                ),
                secret: nil
            )
        }
    }

    struct RotateSecret: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an API another secret to introspect with; prints it, this one time.",
            discussion: "Example: martlet resource rotate-secret https://api.example.com"
        )

        @Argument(help: "The API's identifier.")
        var identifier: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ResourceAnswer {
            let made = try await installation.server.rotateResourceSecret(
                ResourceID(rawValue: identifier)
            )
            return ResourceAnswer(resource: made.resource, secret: made.secret)
        }
    }

    struct Delete: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an API: no more tokens are made for it; sessions go on.",
            discussion: "Example: martlet resource delete https://api.example.com"
        )

        @Argument(help: "The API's identifier.")
        var identifier: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            try await installation.server.deleteResource(ResourceID(rawValue: identifier))
            return Statement(
                "Deleted the resource “\(identifier.printable)”; no more tokens are made for it, "
                    + "and those that it has are good until they expire.",
                ["identifier": .string(identifier), "deleted": true]
            )
        }
    }
}

/// One API, with its secret if that was just made.
struct ResourceAnswer: Showable {
    let resource: Resource
    let secret: Secret?

    private var secretText: String? {
        secret.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    var text: String {
        var facts = TextFacts()
        facts.add("identifier", resource.id.rawValue)
        facts.add("scopes", resource.scope.description)
        facts.add("signed with", resource.signingAlgorithm.rawValue)
        facts.add("idle lifetime", resource.idleLifetime?.text)
        facts.add("absolute lifetime", resource.absoluteLifetime?.text)
        facts.add(WireName.clientID, resource.introspectionID.rawValue)
        facts.add(WireName.clientSecret, secretText.map { "\($0)  (shown this one time)" })
        facts.add("owner", resource.managedBy.rawValue)
        return facts.text
    }

    var json: JSONValue {
        var object = JSONObject()
        object["identifier"] = .string(resource.id.rawValue)
        object["scopes"] = .array(resource.scope.tokens.map { .string($0) })
        object["signing_algorithm"] = .string(resource.signingAlgorithm.rawValue)
        object["idle_lifetime"] = resource.idleLifetime.json { .integer($0.wholeSeconds) }
        object["absolute_lifetime"] = resource.absoluteLifetime.json { .integer($0.wholeSeconds) }
        object[WireName.clientID] = .string(resource.introspectionID.rawValue)
        if let secretText { object[WireName.clientSecret] = .string(secretText) }
        object["managed_by"] = .string(resource.managedBy.rawValue)
        return .object(object)
    }
}
