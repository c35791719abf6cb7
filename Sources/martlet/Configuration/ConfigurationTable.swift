import Logging
import MartletCore
import MartletServer

/// Every key of the configuration, once: what the parser accepts and what the reference page says.
enum ConfigurationTable {
    /// The keys in the order in which the page lists them.
    static let all: [SettingDescription] =
        server + lifetimes + refreshTokens + people + look + applied

    private static let server = [
        issuer.description, listen.description, store.description, masterKey.description,
        previousMasterKeys.description, logLevel.description, trustedProxies.description,
        tlsCertificate.description, tlsKey.description, metricsListen.description,
    ]

    private static let lifetimes = [
        authorizationCode.description, accessToken.description, pushedRequest.description,
        deviceCode.description, deviceInterval.description, sessionIdle.description,
        sessionAbsolute.description,
    ]

    private static let refreshTokens = [
        rotation.description, overlap.description, idleLifetime.description,
        absoluteLifetime.description, maxSessions.description,
    ]

    private static let people = [loginAttempts.description, registrationMode.description]

    private static let look = [
        brandName.description, brandLogo.description, brandAccent.description,
    ]

    private static let applied = [clients.description, users.description, resources.description]
}

// MARK: - The server

extension ConfigurationTable {
    static let issuer = Setting(
        "issuer",
        """
        The URL that names the server: `iss` in every token, and where clients find it. Tokens stop \
        being accepted when it changes.
        """,
        standard: "http://localhost:8080",
        form: ValueForm(
            expected: "a URL like https://login.example.com (http only on loopback), without query,"
                + " fragment and trailing slash"
        ) { value throws(Unfit) in
            guard let text = value.writtenText else { throw .unexpected(value) }
            return try Issuer(text)
        }
    )

    static let listen = Setting(
        "listen",
        "Where the server takes connections; port 0 lets the system choose one.",
        standard: "127.0.0.1:8080",
        form: ValueForm(expected: ListenAddress.expected) { value throws(Unfit) in
            guard let address = value.writtenText.flatMap(ListenAddress.init) else {
                throw .unexpected(value)
            }
            return address
        }
    )

    static let store = Setting(
        "store",
        """
        Where everything is kept: one SQLite file, made at the first start, or a PostgreSQL database \
        that any number of servers share. See [below](#postgresql).
        """,
        standard: "sqlite:martlet.db",
        form: .text(expected: StoreLocation.expected) { text, place throws(Unfit) in
            try StoreLocation(text, at: place)
        }
    )

    static let masterKey = Setting(
        "master_key",
        """
        Where the master key is: the one secret beside the store, under which its signing keys are \
        sealed. See [below](#the-master-key).
        """,
        standard: "file:martlet.key",
        form: .masterKey
    )

    static let previousMasterKeys = Setting(
        "previous_master_keys",
        "Master keys that were replaced: what they sealed stays readable.",
        standard: "[]",
        form: .list(of: .masterKey, atMost: MasterKeySource.maximumPrevious)
    )

    static let logLevel = Setting(
        "log.level",
        "The least important messages that are still logged.",
        standard: Logger.Level.info.rawValue,
        form: .choice(Logger.Level.allCases.map { (word: $0.rawValue, value: $0) })
    )

    static let trustedProxies = Setting(
        "trusted_proxies",
        """
        Address ranges of the proxies in front of the server: what these say about the client's \
        address, in `X-Forwarded-For` or `Forwarded`, counts; nobody else's word does. Without \
        them the address is the connection's. See [below](#behind-a-proxy).
        """,
        standard: "[]",
        form: .list(of: .proxyRange, atMost: TrustedProxies.maximumRanges)
    )

    static let tlsCertificate = Setting(
        "tls.certificate",
        """
        The file with the certificate chain, in PEM, the server's own certificate first. With it \
        and its key the server speaks TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1, on `listen`, and \
        nothing else there. See [below](#tls).
        """,
        standard: "",
        form: .optionalFile
    )

    static let tlsKey = Setting(
        "tls.key",
        "The file with the private key of that certificate, in PEM, without a passphrase.",
        standard: "",
        form: .optionalFile
    )

    static let metricsListen = Setting(
        "metrics.listen",
        """
        Where `/metrics` answers, to everybody who can reach that address, in plain HTTP. Without it \
        `/metrics` answers on `listen`, to this machine alone. See [Metrics](metrics.md).
        """,
        standard: "",
        form: ValueForm<ListenAddress?>(expected: ListenAddress.expected) { value throws(Unfit) in
            if value.isNothing { return nil }
            guard let address = value.writtenText.flatMap(ListenAddress.init) else {
                throw .unexpected(value)
            }
            return address
        }
    )
}

extension ValueForm where Value == AddressRange {
    fileprivate static var proxyRange: ValueForm {
        ValueForm(
            expected: "an address or a range like 10.0.0.0/8 or \"2001:db8::/32\", with no bit set"
                + " behind its length"
        ) { value throws(Unfit) in
            guard let range = value.writtenText.flatMap({ AddressRange($0) }) else {
                throw .unexpected(value)
            }
            guard !range.isEverything else {
                throw .because(
                    "must not trust every address: then any client could name its own; list those"
                        + " of your proxies."
                )
            }
            return range
        }
    }
}

// MARK: - Lifetimes

extension ConfigurationTable {
    static let authorizationCode = Setting(
        "lifetimes.authorization_code",
        "Seconds in which an app exchanges its authorization code.",
        standard: "60",
        form: .seconds(Lifetimes.authorizationCodeBounds)
    )

    static let accessToken = Setting(
        "lifetimes.access_token",
        """
        Seconds for which an access token is good, never beyond the end of its session. APIs that \
        check tokens locally hear of a revocation this much later, at worst.
        """,
        standard: "600",
        form: .seconds(Lifetimes.accessTokenBounds)
    )

    static let pushedRequest = Setting(
        "lifetimes.pushed_request",
        "Seconds for which a pushed authorization request can be used. Nothing uses it yet.",
        standard: "60",
        form: .seconds(Lifetimes.pushedRequestBounds)
    )

    static let deviceCode = Setting(
        "lifetimes.device_code",
        "Seconds in which a person enters the code that a device shows.",
        standard: "600",
        form: .seconds(Lifetimes.deviceCodeBounds)
    )

    static let deviceInterval = Setting(
        "lifetimes.device_interval",
        "Seconds that a device waits between two questions whether the person is done.",
        standard: "5",
        form: .seconds(Lifetimes.deviceIntervalBounds)
    )

    static let sessionIdle = Setting(
        "lifetimes.session_idle",
        "Seconds without use after which a browser is asked for the password again.",
        standard: "86400",
        form: .seconds(Lifetimes.sessionBounds)
    )

    static let sessionAbsolute = Setting(
        "lifetimes.session_absolute",
        "Seconds after a sign-in at which the browser is asked again, used or not.",
        standard: "1209600",
        form: .seconds(Lifetimes.sessionBounds)
    )
}

// MARK: - Refresh tokens

extension ConfigurationTable {
    static let rotation = Setting(
        "refresh_token_policy.rotation",
        """
        `rotating`: each use brings a new token and retires the one used. `static`: the same token \
        each time, only for clients that prove themselves at every use.
        """,
        standard: RotationPolicy.Rotation.rotating.rawValue,
        form: .choice(
            [RotationPolicy.Rotation.rotating, .static].map { (word: $0.rawValue, value: $0) }
        )
    )

    static let overlap = Setting(
        "refresh_token_policy.overlap",
        """
        How long the token before the current one still brings the same successor again, for lost \
        answers and double clicks: seconds, or `until_used` (until the successor is first used, \
        only for clients that prove themselves). At 0 the first reuse ends the session.
        """,
        standard: "0",
        form: ValueForm(
            expected: "a whole number of seconds from 0 to \(RotationPolicy.maximumOverlapSeconds)"
                + " or until_used"
        ) { value throws(Unfit) in
            if value.writtenText == "until_used" { return RotationPolicy.Overlap.untilUsed }
            guard let seconds = value.wholeNumber,
                0...RotationPolicy.maximumOverlapSeconds ~= seconds
            else { throw .unexpected(value) }
            return .seconds(seconds)
        }
    )

    private static let lifetimeBounds: ClosedRange<Int64> =
        RotationPolicy.minimumLifetime.wholeSeconds...RotationPolicy.maximumLifetime.wholeSeconds

    static let idleLifetime = Setting(
        "refresh_token_policy.idle_lifetime",
        "Seconds without use after which a session ends. Each use starts them again.",
        standard: "1296000",
        form: .seconds(lifetimeBounds)
    )

    static let absoluteLifetime = Setting(
        "refresh_token_policy.absolute_lifetime",
        "Seconds after the login at which a session ends, used or not.",
        standard: "2592000",
        form: .seconds(lifetimeBounds)
    )

    static let maxSessions = Setting(
        "refresh_token_policy.max_sessions",
        """
        Live sessions of one person at one client; a login beyond them ends the one that was not \
        used for the longest time.
        """,
        standard: "200",
        form: .count(1...Int64(RotationPolicy.maximumSessions))
    )
}

// MARK: - People and clients

extension ConfigurationTable {
    static let loginAttempts = Setting(
        "login.attempts",
        "Failed tries to log in to an account before further ones are slowed down.",
        standard: "10",
        form: .count(1...Configuration.maximumLoginAttempts)
    )

    static let registrationMode = Setting(
        "registration.mode",
        """
        Who may register clients over the network (RFC 7591): nobody (`off`), who has an initial \
        access token from `martlet registration-token create` (`token`), or everybody (`open`, \
        limited in number and rate). Such clients sign people in, always ask for consent, and get \
        the standard scopes and no API.
        """,
        standard: RegistrationMode.off.rawValue,
        form: .choice(RegistrationMode.allCases.map { (word: $0.rawValue, value: $0) })
    )

    static let brandName = Setting(
        "branding.name",
        "What the site is called on its pages and in the titles of their windows.",
        standard: Branding.standard.name,
        form: .text(
            expected: "a name of 1 to \(Branding.longestName) characters"
        ) { text, place throws(Unfit) in
            guard 1...Branding.longestName ~= text.count, text.printable == text else {
                throw .unexpected(ConfigurationValue(.text(text), at: place))
            }
            return text
        }
    )

    static let brandLogo = Setting(
        "branding.logo",
        """
        A picture file, which takes the place of our shield and the name beside it on every page, \
        and is the windows' icon: PNG, JPEG, WebP or SVG, at most \
        \(BrandLogo.maximumBytes / 1024) KiB. It is shown 44 points high on white and on dark \
        grey, and read at the start.
        """,
        standard: "",
        form: .optionalFile
    )

    static let brandAccent = Setting(
        "branding.accent",
        """
        The colour of buttons, links and marks. Where it could not be read, on white or on dark \
        grey, the pages take the nearest shade of it that can.
        """,
        standard: BrandColor.standard.text,
        form: ValueForm(
            expected: "a colour like \"#0a6e5c\", in quotation marks"
        ) { value throws(Unfit) in
            guard let color = value.writtenText.flatMap({ BrandColor($0) }) else {
                throw .unexpected(value)
            }
            return color
        }
    )

    static let clients = Setting(
        "clients",
        """
        Clients, each as `martlet client create --metadata` takes it, with a `client_id` and, unless it \
        is public, a `client_secret`. Applied at every start; what stands here is changed here, not \
        by the commands.
        """,
        standard: "[]",
        form: .entries
    )

    static let users = Setting(
        "users",
        """
        Accounts, applied like `clients`: `username`, `password`, and where they are wanted `email`, \
        `profile` (OpenID Connect's standard claims, as `martlet user create --profile` takes them) \
        and `disabled`. Instead of `password` there may be a `password_hash` (Argon2, bcrypt, scrypt \
        or PBKDF2), which stays as it stands here: only users that the commands made have theirs \
        hashed anew at their first login.
        """,
        standard: "[]",
        form: .entries
    )

    static let resources = Setting(
        "resources",
        """
        APIs, applied like `clients`: `identifier`, `scopes` (a list), and where they are wanted \
        `signing_algorithm`, `idle_lifetime`, `absolute_lifetime`, `client_id` and `client_secret`.
        """,
        standard: "[]",
        form: .entries
    )
}
