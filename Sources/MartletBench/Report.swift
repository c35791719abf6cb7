import Foundation

/// Everything that a bench found: what `--json` writes, and what table, picture and page are made
/// from.
struct Report: Codable {
    let machine: Machine
    let settings: BenchSettings
    let parts: PartFigures
    let rates: [Rate]
    let facts: [Fact]

    /// How fast something goes, beside the limit.
    struct Rate: Codable {
        enum Pace: String, Codable {
            /// As fast as it goes.
            case full
            /// With pauses, so that the server is at work half of the time.
            case half
        }

        let workload: Workload
        let pace: Pace
        let connections: Int
        /// How many sessions took turns; for refreshes.
        let sessions: Int?
        /// How many the store held.
        let families: Int
        let samples: [Sample]
        /// A bare server under the same load.
        let bare: [Sample]
        /// Per second; `nil` where the load leaves the core idle.
        let limit: Double?

        var median: Sample { .median(samples) }
        var ratio: Double? { limit.map { median.perSecond / $0 } }

        /// Whether it is refreshes at full pace on so many connections.
        func isRefresh(connections: Int) -> Bool {
            workload == .refresh && pace == .full && self.connections == connections
        }
    }

    /// One thing that is not a rate.
    struct Fact: Codable {
        enum Unit: String, Codable {
            case milliseconds = "ms"
            case mebibytes = "MiB"
            case kibibytes = "KiB"
            case bytes = "bytes"
            case perSecond = "/s"
        }

        let name: String
        let value: Double
        let unit: Unit
        /// What it cannot be better than, or must not be worse than; and which of the two.
        let limit: Double?
        let limitMeans: String?

        var shownValue: String { shown(value) }
        var shownLimit: String { limit.map { shown($0) } ?? "" }

        private func shown(_ value: Double) -> String {
            switch unit {
            case .milliseconds:
                value < 10 ? "\(Shown.hundredths(value)) ms" : "\(Shown.count(value)) ms"
            case .mebibytes: "\(Shown.tenths(value)) MiB"
            case .kibibytes: "\(Shown.count(value)) KiB"
            case .bytes:
                value < 10 ? "\(Shown.hundredths(value)) bytes" : "\(Shown.count(value)) bytes"
            case .perSecond: "\(Shown.count(value))/s"
            }
        }
    }

    /// The rates of the loads on few sessions.
    var ofFew: [Rate] { rates.filter { $0.families != settings.families } }

    /// The rates of the loads on many of the large store's sessions.
    var ofMany: [Rate] { rates.filter { $0.families == settings.families } }

    // MARK: JSON

    static func text(of value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func read<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(text.utf8))
    }
}

/// How much is measured.
struct BenchSettings: Codable {
    var store = StoreKind.sqlite
    /// Of the large store.
    var families = 1_000_000
    var live = 64_000
    /// Connections of the loads on few sessions, in rising order.
    var connections = [1, 4, 16, 64, 256]
    /// Of the loads that are not about connections.
    var middle = 64
    /// Seconds of each load.
    var seconds = 4
    /// How often each is done.
    var runs = 3
    /// How often each store is opened.
    var starts = 5
    /// Seconds for each part.
    var partSeconds = 0.3
    /// Rotations over which the memory is watched; 0 for not at all.
    var watchedRotations = 0
    /// Whether server and load have a core each.
    var hasCores = true

    /// Everything once, as short as can be: does it work at all?
    static let short = BenchSettings(
        families: 3000,
        live: 1000,
        connections: [1, 4, 16],
        middle: 16,
        seconds: 1,
        runs: 1,
        starts: 1,
        partSeconds: 0.02
    )

    /// The families of the small store: a load never gives back the sessions that were on their
    /// way when it ended.
    var fewFamilies: Int { (runs + 1) * (connections.reduce(0, +) + 5 * middle) + 100 }
}
