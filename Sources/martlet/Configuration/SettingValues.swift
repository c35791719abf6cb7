import MartletProtocol

/// What was written for each key, the later source over the earlier one.
struct SettingValues {
    /// Where a default counts as written: as if it stood in the file.
    let standardPlace: ConfigurationPlace
    private var written: [String: ConfigurationValue] = [:]

    init(standardPlace: ConfigurationPlace) {
        self.standardPlace = standardPlace
    }

    /// The value of a setting, or its default.
    func value<Value>(of setting: Setting<Value>) throws(ConfigurationError) -> Value {
        if let value = written[setting.key] { return try setting.read(value) }
        return try setting.read(standard(of: setting.description))
    }

    private func standard(of setting: SettingDescription) -> ConfigurationValue {
        let content: ConfigurationValue.Content =
            setting.standard == "[]" ? .list([]) : .word(setting.standard)
        return ConfigurationValue(content, at: standardPlace)
    }

    // MARK: - The file

    /// Adds what the file says, and refuses keys that no version of Martlet has heard of.
    mutating func add(_ file: ConfigurationValue?) throws(ConfigurationError) {
        guard let file, !file.isNothing else { return }
        guard case .mapping(let members) = file.content else {
            throw ConfigurationError(
                at: file.place,
                "the file must be a mapping of keys to values, not \(file.shown)."
            )
        }
        for member in members { try add(member, to: nil) }
    }

    private mutating func add(
        _ member: ConfigurationValue.Member,
        to section: String?
    ) throws(ConfigurationError) {
        let settings = ConfigurationTable.all
        let setting = settings.first {
            $0.section == section?[...] && $0.name == member.key[...]
        }
        if let setting {
            written[setting.key] = member.value
            return
        }
        let isSection = settings.contains { $0.section == member.key[...] }
        guard section == nil, isSection else {
            throw UnknownName.refusal(ofKey: member.key, in: section, at: member.place)
        }
        if member.value.isNothing { return }
        guard case .mapping(let members) = member.value.content else {
            throw ConfigurationError(
                at: member.value.place,
                "\(member.key) must be a mapping of keys to values, not \(member.value.shown)."
            )
        }
        for inner in members { try add(inner, to: member.key) }
    }

    // MARK: - The environment and flags

    /// Adds what the environment says.
    mutating func add(_ environment: ConfigurationEnvironment) throws(ConfigurationError) {
        for setting in ConfigurationTable.all {
            guard let value = try environment.value(of: setting) else { continue }
            written[setting.key] = value
        }
    }

    /// Adds what the command line says.
    mutating func add(
        _ flags: [ConfigurationFlag],
        folder: String
    ) throws(ConfigurationError) {
        for flag in flags {
            let place = ConfigurationPlace(name: flag.name, folder: folder)
            let isKnown = ConfigurationTable.all.contains { $0.key == flag.key }
            precondition(isKnown, "\(flag.name) stands for \(flag.key), which is no key")
            written[flag.key] = ConfigurationValue(.word(flag.value), at: place)
        }
    }
}
