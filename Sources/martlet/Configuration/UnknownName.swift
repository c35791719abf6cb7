import ArgumentParser

/// What to say about a name that is not one of ours: mostly a slip of the fingers, so the nearest
/// name goes with it.
enum UnknownName {
    static func refusal(
        ofKey key: String,
        in section: String?,
        at place: ConfigurationPlace
    ) -> ConfigurationError {
        let whole = section.map { "\($0).\(key)" } ?? key
        let sentence = "unknown key “\(whole.printable)”"
        if let setting = ConfigurationTable.all.first(where: { $0.key == key }),
            let section = setting.section
        {
            return ConfigurationError(
                at: place,
                sentence + "; write it as \(setting.name) inside of \(section)."
            )
        }
        guard let nearest = nearestKey(to: key, in: section) else {
            return ConfigurationError(at: place, sentence + ".")
        }
        return ConfigurationError(at: place, sentence + "; did you mean “\(nearest)”?")
    }

    static func refusal(ofVariable name: String) -> ConfigurationError {
        let names = ConfigurationTable.all.map(\.environmentName) + [ConfigurationEnvironment.file]
        let sentence = "unknown environment variable “\(name.printable)”"
        guard let nearest = nearest(to: name, among: names) else {
            return ConfigurationError(
                sentence + "; names that begin with \(ConfigurationEnvironment.prefix) are ours."
            )
        }
        return ConfigurationError(sentence + "; did you mean “\(nearest)”?")
    }

    /// The first word of a command line that should be a command and is none; `nil` if there is none.
    static func complaint(
        of arguments: ArraySlice<String>,
        by root: any ParsableCommand.Type
    ) -> String? {
        var command = root
        var path = "martlet"
        let words = arguments.first == "help" ? arguments.dropFirst() : arguments
        for argument in words {
            let subcommands = command.configuration.subcommands
            guard !argument.hasPrefix("-"), !subcommands.isEmpty else { return nil }
            if let next = subcommands.first(where: { $0._commandName == argument }) {
                command = next
                path += " \(argument)"
                continue
            }
            let guess = nearest(to: argument, among: subcommands.map { $0._commandName })
            return "There is no command “\(path) \(argument.printable)”"
                + (guess.map { "; did you mean “\(path) \($0)”?" } ?? "; \(path) --help lists them.")
        }
        return nil
    }

    /// Among the keys of the same section; else the same name in another place.
    private static func nearestKey(to key: String, in section: String?) -> String? {
        let all = ConfigurationTable.all
        let siblings =
            if let section {
                all.filter { $0.section == section[...] }.map { String($0.name) }
            } else {
                all.map { String($0.section ?? $0.name) }
            }
        if let name = nearest(to: key, among: siblings) {
            return section.map { "\($0).\(name)" } ?? name
        }
        return all.first { $0.name == key[...] }?.key
    }

    /// The name that takes the fewest changes, if they are few for its length.
    static func nearest(to name: String, among names: [String]) -> String? {
        guard name.utf8.count <= 64 else { return nil }
        let counted = names.map { (name: $0, changes: changes(from: name, to: $0)) }
        guard let best = counted.min(by: { $0.changes < $1.changes }),
            best.changes <= max(1, best.name.count / 3)
        else { return nil }
        return best.name
    }

    /// How many letters have to be added, dropped or replaced, or neighbours swapped.
    static func changes(from one: String, to other: String) -> Int {
        let one = Array(one.utf8)
        let other = Array(other.utf8)
        var beforeLast: [Int] = []
        var last = Array(0...other.count)
        for row in one.indices {
            var current = [row + 1]
            for column in other.indices {
                let replaced = last[column] + (one[row] == other[column] ? 0 : 1)
                var best = min(replaced, last[column + 1] + 1, current[column] + 1)
                let isSwap =
                    row > 0 && column > 0 && one[row] == other[column - 1]
                    && one[row - 1] == other[column]
                if isSwap { best = min(best, beforeLast[column - 1] + 1) }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[other.count]
    }
}
