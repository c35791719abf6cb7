import MartletProtocol

/// Where a master key is: in a file, or in a variable of the environment.
struct MasterKeySource: Sendable, Equatable {
    /// What `master_key` says.
    enum Location: Sendable, Hashable {
        /// `file:PATH`, made absolute.
        case file(path: String)
        /// `env:NAME`.
        case environment(name: String)
    }

    let location: Location
    /// What the variable holds, if the key is in one and it is set.
    private let variableValue: Secret?

    static let expected = "file:PATH or env:NAME"
    /// Each master makes two derived keys at most at a time, and their ids are one byte.
    static let maximumPrevious = 8

    init(_ location: Location, in environment: [String: String]) {
        self.location = location
        self.variableValue =
            switch location {
            case .file: nil
            case .environment(let name): environment[name].map { Secret($0) }
            }
    }

    /// The variable's name, if the key is in one.
    var variable: String? {
        switch location {
        case .file: nil
        case .environment(let name): name
        }
    }

    // MARK: - Loading

    /// The master key and those before it.
    ///
    /// A key file that is missing is made, but only beside an empty store of this machine: beside a
    /// full one a new key would open nothing, and hide that the right one is lost, and nodes that
    /// share a store would each make their own.
    static func load(
        _ configuration: Configuration,
        storeIsEmpty: Bool,
        randomBytes: (Int) -> [UInt8]
    ) throws(ConfigurationError) -> (current: Secret, previous: [Secret]) {
        let absence: MasterKeyFile.Absence =
            switch configuration.store {
            case .sqlite where storeIsEmpty: .makesOne
            case .sqlite, .postgres: .isRefused(store: configuration.store)
            }
        var previous: [Secret] = []
        // First, so that nothing is made for a configuration that is refused.
        for source in configuration.previousMasterKeys {
            previous.append(try source.load(whenMissing: .isRefused(store: nil), randomBytes))
        }
        let current = try configuration.masterKey.load(whenMissing: absence, randomBytes)
        guard !previous.contains(current) else {
            throw ConfigurationError(
                "previous_master_keys lists the master key itself; take it off the list."
            )
        }
        return (current, previous)
    }

    private func load(
        whenMissing absence: MasterKeyFile.Absence,
        _ randomBytes: (Int) -> [UInt8]
    ) throws(ConfigurationError) -> Secret {
        switch location {
        case .file(let path):
            return try MasterKeyFile(path: path).load(whenMissing: absence, randomBytes)
        case .environment(let name):
            guard let value = variableValue else {
                throw ConfigurationError(
                    "\(name) is not set: it must hold the master key, \(MasterKeyFile.content)."
                )
            }
            guard let key = MasterKeyFile.key(in: value) else {
                throw ConfigurationError(
                    "\(name) does not hold a master key: it must be \(MasterKeyFile.content)."
                )
            }
            return key
        }
    }
}

extension ValueForm where Value == MasterKeySource.Location {
    /// `file:PATH` or `env:NAME`. What stands there instead may be the key itself, so no sentence
    /// repeats it.
    static var masterKey: ValueForm {
        ValueForm(expected: MasterKeySource.expected) { value throws(Unfit) in
            let text = value.writtenText ?? ""
            if text.hasPrefix("file:") {
                let path = String(text.dropFirst("file:".count))
                guard !path.isEmpty, !path.hasSuffix("/"), !path.contains("\0") else {
                    throw .because("must be file:PATH with the path of a file.")
                }
                return .file(path: value.place.path(path))
            }
            if text.hasPrefix("env:") {
                let name = String(text.dropFirst("env:".count))
                guard isVariableName(name) else {
                    throw .because("must be env:NAME with a name of letters, digits and _.")
                }
                return .environment(name: name)
            }
            throw .because("must be \(MasterKeySource.expected), and never the key itself.")
        }
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
