import Foundation
import MartletCore
import MartletPostgres
import MartletSQLite
import MartletServer

/// Looks at an installation from outside, part by part; changes nothing.
struct Doctor {
    let surroundings: Surroundings

    func examine(_ options: ConfigurationOptions) async -> [Finding] {
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try options.load()
            _ = try FileOwned(configuration)
        } catch {
            return [.problem("configuration", error.sentence)]
        }
        var findings: [Finding] = [.ok("configuration", "It can be read.")]
        findings +=
            NetworkExamination(configuration: configuration, now: surroundings.now())
            .findings
        findings += await examineStore(of: configuration)
        findings.append(Self.openFiles)
        return findings
    }

    private func examineStore(of configuration: Configuration) async -> [Finding] {
        var findings: [Finding] = []
        switch configuration.store {
        case .sqlite(let path):
            guard OpenFile.exists(at: path) else {
                return [
                    .advice(
                        "store",
                        "There is no \(path.printable) yet; martlet serve makes it, with a master "
                            + "key if there is none."
                    )
                ]
            }
            findings += StoreFileExamination(path: path).findings
            do throws(SQLiteOpenError) {
                let inspection = try StoreInspection.of(path, within: StoreFileExamination.patience)
                findings.append(StoreFileExamination.finding(on: inspection.check))
                guard inspection.schema == .current else {
                    return findings + [Self.olderTables]
                }
            } catch {
                return findings + [.problem("store", "\(path.printable): \(error).")]
            }
        case .postgres(let address):
            do throws(PostgresOpenError) {
                let inspection = try await PostgresInspection.of(address)
                findings += DatabaseExamination(inspection: inspection).findings
                switch inspection.schema {
                case .current: break
                case .missing: return findings + [Self.noTables]
                case .older: return findings + [Self.olderTables]
                }
            } catch {
                return findings + [.problem("store", "\(configuration.store.shown): \(error).")]
            }
        }
        return findings + (await examineContents(of: configuration))
    }

    private static let noTables = Finding.advice(
        "store",
        "There is no store in the database yet; martlet serve makes it."
    )

    private static let olderTables = Finding.advice(
        "store",
        "It is of an older version; the next martlet serve brings it up to date. Back it up before."
    )

    private func examineContents(of configuration: Configuration) async -> [Finding] {
        do {
            return try await OpenedStore.using(configuration.store) { store in
                try await StoreExamination(
                    configuration: configuration,
                    storage: store.storage,
                    now: surroundings.now()
                ).findings()
            }
        } catch {
            let sentence = Refusal(error)?.sentence ?? "\(error)"
            return [.problem("store", sentence)]
        }
    }

    private static var openFiles: Finding {
        OpenFiles.raise(to: ServerApplication.openFiles)
        guard OpenFiles.limit < ServerApplication.openFiles else {
            return .ok("limits", "As many files may be open as connections need.")
        }
        return .advice(
            "limits",
            "The system allows \(OpenFiles.limit) open files, and the server wants "
                + "\(ServerApplication.openFiles); it takes fewer connections. Raise LimitNOFILE, or "
                + "ulimit -n."
        )
    }
}
