import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet backup`: a copy of the store, beside a running server.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the store into a file, as of one moment, beside a running server.",
        discussion: """
            The copy is stamped: nothing serves it before `martlet recover` has said what becomes \
            of its sessions. The master key is not in it; keep a copy of the key somewhere else. A \
            file that is there already is not overwritten.

            Example: martlet backup /backups/martlet-2026-11-21.db
            """
    )

    @Argument(help: "The file to make.", completion: .file())
    var file: String
    @OptionGroup var installation: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let configuration = try installation.load()
        let path = ConfigurationPlace.commandLine.path(file)
        let made = try await OpenedStore.using(configuration.store) { store in
            try refuse(try await store.storage.status().condition)
            return try await BackupFile(path: path).make(
                of: store.storage,
                at: store.surroundings.now()
            ) { before, copied, total in
                // A line for each tenth.
                guard copied == total || before * 10 / total != copied * 10 / total else { return }
                Terminal.complain("copied \(copied.byteCount) of \(total.byteCount)")
            }
        }
        Terminal.show(answer(made, path, configuration), as: output.form)
    }

    private func refuse(_ condition: StoreCondition) throws(Refusal) {
        switch condition {
        case .inService: return
        case .copy: throw Refusal("The store is a backup already; copy its file.")
        case .sealed(_, let place, _):
            throw Refusal(
                "The store was moved to \(place.printable); back up that one instead."
            )
        case .receiving:
            throw Refusal("The store is not whole: a move to it was cut off. Finish it first.")
        }
    }

    private static func use(of store: StoreLocation) -> String {
        switch store {
        case .sqlite: "put it in the store's place and run martlet recover"
        case .postgres: "martlet move it to an empty database and run martlet recover there"
        }
    }

    private func answer(
        _ made: BackupFile.Made,
        _ path: String,
        _ configuration: Configuration
    ) -> Statement {
        let key = configuration.masterKey.shown
        return Statement(
            """
            Copied the store to \(path.printable), \(made.size.byteCount), as of \
            \(made.madeAt.rfc3339).
            The master key is not in it: without \(key) the copy is worth nothing to you. \
            Keep a copy of the key, and keep it apart from this file; who has both has everything.
            To use it: \(Self.use(of: configuration.store)); docs/backup.md has it step by step.
            """,
            [
                "file": .string(path), "bytes": .integer(Int64(made.size)),
                "made_at": made.madeAt.json, "master_key": .string(key),
            ]
        )
    }
}
