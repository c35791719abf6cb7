import Logging
import MartletCore
import MartletServer

/// What the operator decided: the file, overlaid by the environment, overlaid by flags.
struct Configuration: Sendable {
    let issuer: Issuer
    let listen: ListenAddress
    /// Nil for connections without TLS.
    let tls: TLSFiles?
    let trustedProxies: TrustedProxies
    /// Nil for metrics beside everything else.
    let metricsListen: ListenAddress?
    let store: StoreLocation
    let masterKey: MasterKeySource
    let previousMasterKeys: [MasterKeySource]
    let lifetimes: Lifetimes
    /// For clients whose metadata does not say otherwise.
    let refreshTokenPolicy: RotationPolicy
    /// Failed tries per account before further ones are slowed down.
    let loginAttempts: Int
    /// Who may register clients over the network.
    let registration: RegistrationMode
    let branding: BrandSettings
    let logLevel: Logger.Level
    let clients: [ConfigurationEntry]
    let users: [ConfigurationEntry]
    let resources: [ConfigurationEntry]

    /// Beyond this the limit protects nobody.
    static let maximumLoginAttempts: Int64 = 1000

    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - file: What `--config` names; nil leaves it to `MARTLET_CONFIG`, then to `martlet.yaml`
    ///     in the working directory if there is one, then to the defaults.
    ///   - environment: The process's environment; nothing else of it is read later.
    ///   - workingDirectory: An absolute path: what relative paths outside of the file count from.
    ///   - flags: Values that the command line gives, by the key they stand for.
    static func load(
        file: String?,
        environment: [String: String],
        workingDirectory: String,
        flags: [ConfigurationFlag] = []
    ) throws(ConfigurationError) -> Configuration {
        let outside = ConfigurationPlace(name: "", folder: workingDirectory)
        let source = try ConfigurationFile.find(
            named: file,
            environment: environment,
            outside: outside
        )
        var values = SettingValues(
            standardPlace: ConfigurationPlace(
                name: "the default",
                folder: source?.folder ?? workingDirectory
            )
        )
        if let source { try values.add(try source.read()) }
        let variables = ConfigurationEnvironment(
            variables: environment,
            folder: workingDirectory
        )
        try values.add(variables)
        try values.add(flags, folder: workingDirectory)
        let configuration = try Configuration(values, environment: environment)
        try variables.refuseUnknown(besides: configuration.variablesOfKeys)
        return configuration
    }

    private init(
        _ values: SettingValues,
        environment: [String: String]
    ) throws(ConfigurationError) {
        typealias Table = ConfigurationTable
        issuer = try values.value(of: Table.issuer)
        listen = try values.value(of: Table.listen)
        tls = try TLSFiles(
            certificate: try values.value(of: Table.tlsCertificate),
            key: try values.value(of: Table.tlsKey)
        )
        if let tls, issuer.scheme == .http {
            throw ConfigurationError(
                at: tls.certificate.place,
                "tls needs an issuer that begins with https://, or clients would be sent to"
                    + " \(issuer.text)."
            )
        }
        trustedProxies = TrustedProxies(try values.value(of: Table.trustedProxies))
        metricsListen = try values.value(of: Table.metricsListen)
        store = try values.value(of: Table.store)
        masterKey = MasterKeySource(try values.value(of: Table.masterKey), in: environment)
        previousMasterKeys = try values.value(of: Table.previousMasterKeys).map {
            MasterKeySource($0, in: environment)
        }
        lifetimes = try Lifetimes(values)
        refreshTokenPolicy = try RotationPolicy(values)
        loginAttempts = try values.value(of: Table.loginAttempts)
        registration = try values.value(of: Table.registrationMode)
        branding = BrandSettings(
            name: try values.value(of: Table.brandName),
            logo: try values.value(of: Table.brandLogo),
            accent: try values.value(of: Table.brandAccent)
        )
        logLevel = try values.value(of: Table.logLevel)
        clients = try values.value(of: Table.clients)
        users = try values.value(of: Table.users)
        resources = try values.value(of: Table.resources)
    }

    /// The variables that hold master keys, whose names the operator chose.
    private var variablesOfKeys: [String] {
        ([masterKey] + previousMasterKeys).compactMap(\.variable)
    }
}

/// A value that the command line gives: `--listen 0.0.0.0:80`.
struct ConfigurationFlag: Sendable {
    /// As it is typed, for messages.
    let name: String
    /// The key that it stands for.
    let key: String
    let value: String
}

extension Lifetimes {
    fileprivate init(_ values: SettingValues) throws(ConfigurationError) {
        typealias Table = ConfigurationTable
        authorizationCode = try values.value(of: Table.authorizationCode)
        accessToken = try values.value(of: Table.accessToken)
        pushedRequest = try values.value(of: Table.pushedRequest)
        deviceCode = try values.value(of: Table.deviceCode)
        deviceInterval = try values.value(of: Table.deviceInterval)
        sessionIdle = try values.value(of: Table.sessionIdle)
        sessionAbsolute = try values.value(of: Table.sessionAbsolute)
    }
}

extension RotationPolicy {
    fileprivate init(_ values: SettingValues) throws(ConfigurationError) {
        typealias Table = ConfigurationTable
        self.init(
            rotation: try values.value(of: Table.rotation),
            overlap: try values.value(of: Table.overlap),
            idleLifetime: try values.value(of: Table.idleLifetime),
            absoluteLifetime: try values.value(of: Table.absoluteLifetime),
            maxSessions: try values.value(of: Table.maxSessions)
        )
    }
}
