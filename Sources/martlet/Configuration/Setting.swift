/// One key of the configuration: its name, what it means, what it is if nobody says otherwise, and
/// how it is written.
struct Setting<Value: Sendable>: Sendable {
    /// Its path in the file: `lifetimes.access_token`.
    let key: String
    /// What it does, in a sentence or two of Markdown.
    let meaning: String
    /// What holds if it is not set, as it would be written in the file.
    let standard: String
    let form: ValueForm<Value>

    init(_ key: String, _ meaning: String, standard: String, form: ValueForm<Value>) {
        self.key = key
        self.meaning = meaning
        self.standard = standard
        self.form = form
    }

    /// Reads a value that was written for this key.
    func read(_ value: ConfigurationValue) throws(ConfigurationError) -> Value {
        do throws(Unfit) {
            return try form.read(value)
        } catch {
            switch error {
            case .unexpected(let value):
                throw ConfigurationError(
                    at: value.place,
                    "\(key) must be \(form.expected), not \(value.shown)."
                )
            case .because(let reason, let place):
                throw ConfigurationError(at: place ?? value.place, "\(key) \(reason)")
            }
        }
    }

    var description: SettingDescription {
        SettingDescription(
            key: key,
            meaning: meaning,
            standard: standard,
            expected: form.expected,
            inEnvironment: form.inEnvironment
        )
    }
}

/// What can be said about a setting without the type of its value.
struct SettingDescription: Sendable {
    let key: String
    let meaning: String
    let standard: String
    let expected: String
    let inEnvironment: EnvironmentForm

    /// `MARTLET_LIFETIMES_ACCESS_TOKEN` for `lifetimes.access_token`.
    var environmentName: String {
        ConfigurationEnvironment.prefix
            + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    /// The section that the key belongs to, or nil for one at the top.
    var section: Substring? {
        key.firstIndex(of: ".").map { key[..<$0] }
    }

    /// The key inside its section.
    var name: Substring {
        key.firstIndex(of: ".").map { key[key.index(after: $0)...] } ?? key[...]
    }
}
