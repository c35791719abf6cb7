import ArgumentParser
import MartletCore
import MartletProtocol
import MartletSQLite

/// `martlet move`: everything goes to another store.
struct MoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Take everything to another, empty store; every token goes on working there.",
        discussion: """
            Most is copied while servers work. Then this store is sealed, servers on it answer 503, \
            the rest is copied, both stores are compared, and the other one may be served: put it \
            into the configuration and start. The master key stays the same.

            A move that was cut off goes on when the same command is run again; --undo gives it up.

            Example: martlet move --to sqlite:/data/martlet.db
            """
    )

    @Option(help: ArgumentHelp("The store to move to.", valueName: "store"))
    var to: String
    @Flag(help: "Give up a move that was cut off, and go on with this store.")
    var undo = false
    @OptionGroup var installation: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let configuration = try installation.load()
        let location = try target()
        guard location != configuration.store else {
            throw Refusal("--to names the store that the configuration names already.")
        }
        let answer = try await OpenedStore.using(configuration.store) { source in
            try await OpenedStore.using(location, ifMissing: undo ? .refuse : .create) { target in
                let move = StoreMove(
                    from: source.storage,
                    to: target.storage,
                    at: location.shown,
                    surroundings: source.surroundings,
                    step: Self.tell
                )
                return try await moved(by: move, to: location)
            }
        }
        Terminal.show(answer, as: output.form)
    }

    private func target() throws(Refusal) -> StoreLocation {
        do {
            return try StoreLocation(to, at: .commandLine)
        } catch {
            switch error {
            case .because(let words, _): throw Refusal("--to \(words)")
            case .unexpected: throw Refusal("--to must be \(StoreLocation.expected).")
            }
        }
    }

    private static func next(for condition: StoreCondition) -> String {
        condition.takesWrites
            ? "Name it as the store in the configuration, and start martlet serve."
            : "It is the copy that this one was: name it as the store in the configuration, and run "
                + "martlet recover."
    }

    private func moved(by move: StoreMove, to location: StoreLocation) async throws -> Statement {
        guard !undo else {
            try await move.undo()
            return Statement(
                "This store is in service again; \(location.shown) can be thrown away.",
                ["undone": true]
            )
        }
        let outcome = try await move.run()
        var tables = JSONObject()
        for table in StoredTable.allCases {
            guard let digest = outcome.digest.tables[table] else { continue }
            tables[table.rawValue] = [
                "rows": .integer(Int64(digest.count)),
                "sha256": .string(digest.hash.map { Self.hex($0) }.joined()),
            ]
        }
        let rows = outcome.digest.tables.values.reduce(0) { $0 + $1.count }
        return Statement(
            """
            Moved \(rows) rows to \(location.shown); both stores were compared and hold the same. \
            This one is sealed.
            \(Self.next(for: outcome.condition))
            """,
            [
                "to": .string(location.shown), "tables": .object(tables),
                "copied_after_seal": .integer(Int64(outcome.rest)),
                "pause_milliseconds": .integer(outcome.pause.microseconds / 1000),
                "in_service": .bool(outcome.condition.takesWrites),
            ]
        )
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    /// One line for each table and pass, and for large tables now and then.
    private static let rowsBetweenLines = 100 * StoredPage.limit

    private static func tell(_ step: StoreMove.Step) {
        switch step {
        case .copying(let pass, let progress):
            tell(progress, pass == 1 ? "copied" : "copied what is new")
        case .sealed: Terminal.complain("sealed this store: servers on it answer 503 from here on")
        case .copyingTheRest(let progress): tell(progress, "copied the rest")
        case .comparing: Terminal.complain("comparing both stores")
        }
    }

    private static func tell(_ progress: StorePass.Progress, _ what: String) {
        let isWorthALine =
            progress.rows % StoredPage.limit != 0 || progress.rows == 0
            || progress.rows % rowsBetweenLines == 0
        guard isWorthALine else { return }
        Terminal.complain("\(what): \(progress.table.rawValue), \(progress.rows) rows")
    }
}
