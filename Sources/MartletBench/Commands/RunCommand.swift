import ArgumentParser
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure everything and print the table.",
        discussion: """
            One core is the server's and one the load's. Each figure is the median of the runs, and \
            beside it stands the limit that its parts set, measured in turn with it. docs/\
            performance.md says how to read it.
            """
    )

    @Flag(help: "Everything once and as short as can be: does it work? The figures mean nothing.")
    var short = false

    @Option(help: "How often each load is put on, 3 or more for a figure to keep.")
    var runs: Int?

    @Option(help: "Seconds of each load.")
    var seconds: Int?

    @Option(help: "Sessions in the large store.")
    var families: Int?

    @Option(help: "Sessions of the large store that are refreshed.")
    var live: Int?

    @Option(help: "The kind of store.")
    var store = StoreKind.sqlite

    @Flag(help: "Also watch the memory over 1,000,000 rotations.")
    var long = false

    @Flag(help: "Do it on one core, or wherever the kernel likes.")
    var shareCore = false

    @Option(help: "The server's program; by default the one beside this program.")
    var server: String?

    @Option(help: "Where the stores are made and kept, to be used again by the next bench.")
    var folder: String?

    @OptionGroup var output: ReportOutput

    func validate() throws {
        for number in [runs, seconds, families, live].compactMap(\.self) where number < 1 {
            throw ValidationError("Runs, seconds and sessions are counted from 1.")
        }
        guard settings.live <= settings.families else {
            throw ValidationError("No more sessions can be refreshed than the store holds.")
        }
    }

    func run() async throws {
        let sharing: Cores.Sharing = shareCore ? .anywhere : .apart
        let cores = try Cores(sharing)
        let folder = try self.folder ?? Self.temporaryFolder()
        try Files.makeFolder(folder)
        defer {
            if self.folder == nil { try? FileManager.default.removeItem(atPath: folder) }
        }
        if store == .postgres { try await BenchDatabase.start(core: cores.server, in: folder) }
        defer { BenchDatabase.stop() }
        let bench = Bench(
            settings: settings,
            server: try server ?? Self.serverBesideThis(),
            cores: cores,
            folder: folder,
            tell: Self.tell
        )
        try output.write(try await bench.run())
    }

    private var settings: BenchSettings {
        var settings = short ? BenchSettings.short : BenchSettings()
        settings.store = store
        settings.runs = runs ?? settings.runs
        settings.seconds = seconds ?? settings.seconds
        settings.families = families ?? settings.families
        settings.live = live ?? min(settings.live, settings.families)
        settings.watchedRotations = long ? 1_000_000 : 0
        settings.hasCores = !shareCore
        return settings
    }

    private static func temporaryFolder() throws -> String {
        let name = "martlet-bench-\(UUID().uuidString)"
        return FileManager.default.temporaryDirectory.appending(path: name).path
    }

    private static func serverBesideThis() throws -> String {
        let folder = URL(fileURLWithPath: try OwnProgram.path()).deletingLastPathComponent()
        return folder.appending(path: "martlet").path
    }

    private static func tell(_ words: String) {
        FileHandle.standardError.write(Data("==> \(words)\n".utf8))
    }
}
