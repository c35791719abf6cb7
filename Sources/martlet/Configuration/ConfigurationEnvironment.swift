import MartletProtocol

/// The part of the environment that speaks of Martlet: `MARTLET_ISSUER` and its like.
struct ConfigurationEnvironment {
    static let prefix = "MARTLET_"
    /// Names the file, and is no key in it.
    static let file = "MARTLET_CONFIG"

    let variables: [String: String]
    /// What relative paths count from.
    let folder: String

    /// What a variable says about a setting: a word as it would stand in the file, or JSON for a
    /// list.
    func value(of setting: SettingDescription) throws(ConfigurationError) -> ConfigurationValue? {
        guard let text = variables[setting.environmentName] else { return nil }
        let place = ConfigurationPlace(name: setting.environmentName, folder: folder)
        switch setting.inEnvironment {
        case .asIs:
            return ConfigurationValue(.word(text), at: place)
        case .json:
            do throws(JSONError) {
                return ConfigurationValue(try JSONValue(parsing: Array(text.utf8)), at: place)
            } catch {
                throw ConfigurationError(
                    at: place,
                    "\(setting.key) is given as JSON here, and this is none"
                        + " (from byte \(error.position) on): \(error.reason)."
                )
            }
        }
    }

    /// Refuses a variable that looks like ours and is not: a misspelt one would be without effect
    /// and without a word.
    func refuseUnknown(besides others: [String]) throws(ConfigurationError) {
        let known = Set(ConfigurationTable.all.map(\.environmentName) + others + [Self.file])
        let unknown = variables.keys.sorted().first {
            $0.hasPrefix(Self.prefix) && !known.contains($0) && !Self.comesFromKubernetes($0)
        }
        if let unknown { throw UnknownName.refusal(ofVariable: unknown) }
    }

    /// Whether Kubernetes sets this variable in every container beside a service that is called
    /// `martlet`: `MARTLET_SERVICE_HOST`, `MARTLET_PORT`, `MARTLET_PORT_8080_TCP_ADDR`. They are
    /// nobody's mistake, so they are left alone.
    private static func comesFromKubernetes(_ name: String) -> Bool {
        let rest = name.dropFirst(prefix.count)
        if ["SERVICE_HOST", "SERVICE_PORT", "PORT"].contains(rest) { return true }
        if rest.hasPrefix("SERVICE_PORT_") { return true }
        let parts = rest.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "PORT", UInt16(parts[1]) != nil else { return false }
        return ["TCP", "UDP", "SCTP"].contains(parts[2])
            && (parts.count == 3
                || parts.count == 4 && ["ADDR", "PORT", "PROTO"].contains(parts[3]))
    }
}
