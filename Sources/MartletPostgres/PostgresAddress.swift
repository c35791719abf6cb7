import CPostgreSQL
package import MartletProtocol

/// Where a PostgreSQL store is: a connection string, which may hold a password and so never shows
/// itself whole.
package struct PostgresAddress: Sendable, Hashable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    /// The string as the operator wrote it.
    package var connectionString: Secret { Secret(text) }
    private let text: String
    /// Host, port and database of it; the rest nobody needs to see.
    package let description: String

    /// - Returns: `nil` if it is no connection string that libpq can read.
    package init?(_ text: String) {
        guard !text.utf8.contains(0), let options = Self.options(of: text) else { return nil }
        self.text = text
        description = Self.shown(options)
    }

    package static func == (one: PostgresAddress, other: PostgresAddress) -> Bool {
        one.connectionString == other.connectionString
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// What the string says, by libpq's names.
    var options: [String: String] { Self.options(of: text) ?? [:] }

    private static func options(of text: String) -> [String: String]? {
        // What libpq says of a string that it cannot read may repeat a password.
        guard let parsed = PQconninfoParse(text, nil) else { return nil }
        defer { PQconninfoFree(parsed) }
        var options: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                options[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        return options
    }

    private static func shown(_ options: [String: String]) -> String {
        let names = (options["host"] ?? options["hostaddr"] ?? "")
            .split(separator: ",", omittingEmptySubsequences: false)
        let ports = (options["port"] ?? "").split(separator: ",", omittingEmptySubsequences: false)
        let hosts = names.enumerated().map { index, name in
            let port = ports.count > 1 ? ports[index < ports.count ? index : 0] : ports.first ?? ""
            return port.isEmpty ? String(name) : "\(name):\(port)"
        }
        let database = options["dbname"].map { "/\($0)" } ?? ""
        return "postgres://\(hosts.joined(separator: ","))\(database)"
    }
}
