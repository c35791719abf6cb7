import ArgumentParser
import Foundation

struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Make a store with many sessions, and the refresh tokens of some of them."
    )

    @Option(help: "The folder to make it in.")
    var folder: String

    @Option(help: "How many families (sessions) the store holds.")
    var families = 1000

    @Option(help: "How many of them the refresh tokens are written down of.")
    var live = 1000

    @Option(help: "The kind of store.")
    var store = StoreKind.sqlite

    func validate() throws {
        guard (0...families).contains(live) else {
            throw ValidationError("No more families can be live than there are.")
        }
    }

    func run() async throws {
        let started = ContinuousClock.now
        let seeded = try await Seed(families: families, live: live, store: store)
            .sow(in: SeededFolder(path: folder))
        print(
            "\(families) families in \(ContinuousClock.now - started), "
                + "\(seeded.bytesPerFamily) bytes each"
        )
    }
}
