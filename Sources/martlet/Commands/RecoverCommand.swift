import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet recover`: a backup's copy, or a sealed store, goes into service.
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Put a restored backup, or a sealed store, into service.",
        discussion: """
            A copy does not know what happened after it was made: who signed out, which sessions \
            were ended, which tokens were used. So all sessions end (--end-sessions, the default), \
            and everybody signs in again.

            With --accept-ahead sessions of clients that authenticate go on, each from the first \
            token that its client presents within the time; those of other clients are refused, for \
            a stolen token that died after the backup looks like a good one. With --from-everybody \
            too they go on, and a thief who comes before the owner gets in: docs/backup.md says \
            what that means.

            What was disabled, deleted or changed after the backup is undone by it, passwords too.

            Example: martlet recover
            """
    )

    @Flag(help: "End every session (the default).")
    var endSessions = false
    @Option(
        help: ArgumentHelp(
            "Let sessions go on that are confirmed within this time, as in 30m, 12h or 3d.",
            valueName: "duration"
        )
    )
    var acceptAhead: TimeLength?
    @Flag(help: "With --accept-ahead: from clients that do not authenticate, too.")
    var fromEverybody = false
    @OptionGroup var installation: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !endSessions || acceptAhead == nil else {
            throw ValidationError("--end-sessions and --accept-ahead exclude each other.")
        }
        guard !fromEverybody || acceptAhead != nil else {
            throw ValidationError("--from-everybody goes with --accept-ahead.")
        }
        guard (acceptAhead?.duration ?? .zero) <= Restoration.maximumDuration else {
            throw ValidationError(
                "--accept-ahead is at most \(Restoration.maximumDuration.text)."
            )
        }
    }

    func run() async throws {
        let configuration = try installation.load()
        let answer = try await OpenedStore.using(configuration.store) { store in
            if case .sealed(_, let place, _) = try await store.storage.status().condition {
                Terminal.complain(
                    """
                    This store was moved to \(place.printable). If that one is in service, there \
                    are two from here on: what happens in one is not known in the other. Stop \
                    every server on it.
                    """
                )
            }
            let recovery = StoreRecovery(
                storage: store.storage,
                surroundings: store.surroundings
            )
            return told(try await recovery.run(sessions))
        }
        Terminal.show(answer, as: output.form)
    }

    private var sessions: StoreRecovery.Sessions {
        acceptAhead.map { time in
            .acceptAhead(time.duration, from: fromEverybody ? .everybody : .proven)
        } ?? .end
    }

    private func told(_ outcome: StoreRecovery.Outcome) -> Statement {
        var json = JSONObject()
        json["sessions"] = .string(outcome.restoration == nil ? "ended" : "accepted_ahead")
        json["accepted_until"] = outcome.restoration.json { $0.until.json }
        json["from_everybody"] = .bool(outcome.restoration?.holders == .everybody)
        guard let restoration = outcome.restoration else {
            return Statement(
                "The store is in service. Every session is over: everybody signs in again.\n"
                    + Self.reminder,
                .object(json)
            )
        }
        let whose =
            switch restoration.holders {
            case .proven: "Sessions of clients that authenticate go on if they are"
            case .everybody: "Sessions go on if they are"
            }
        return Statement(
            "The store is in service. \(whose) used before \(restoration.until.text); the others "
                + "are over then. Browsers are signed out.\n"
                + Self.reminder,
            .object(json)
        )
    }

    private static let reminder =
        "What was changed after the backup is undone: look through users, clients and consents. If "
        + "keys were dropped as compromised since, run martlet key rotate --compromised again."
}

/// A length of time as people type it: `90s`, `30m`, `12h`, `3d`.
struct TimeLength: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let letter = argument.last, let unit = units[letter],
            let count = Int64(argument.dropLast()), (1...1_000_000).contains(count)
        else { return nil }
        duration = .seconds(count * unit)
    }
}
