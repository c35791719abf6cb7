import MartletProtocol

/// One client, user or resource that the configuration lists, still as it was written: whoever
/// applies it reads it as the commands read their input, and can say where it stands.
struct ConfigurationEntry: Sendable, Equatable {
    let place: ConfigurationPlace
    /// Always an object.
    let value: JSONValue
}

extension ValueForm where Value == [ConfigurationEntry] {
    /// More belong into the store by the commands.
    private static var maximumEntries: Int { 1000 }

    /// A list of mappings.
    static var entries: ValueForm {
        .list(of: .entry, atMost: maximumEntries)
    }
}

extension ValueForm where Value == ConfigurationEntry {
    fileprivate static var entry: ValueForm {
        ValueForm(expected: "a mapping") { value throws(Unfit) in
            guard case .mapping = value.content else { throw .unexpected(value) }
            return ConfigurationEntry(place: value.place, value: value.json)
        }
    }
}
