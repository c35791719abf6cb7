package import MartletProtocol

/// All that the stories of an authorization server need, in one object: every request takes it along
/// through all its steps, and a value of so many parts would be copied at each of them.
package final class AuthorizationServer: Sendable {
    package let settings: Settings
    package let storage: any Storage
    package let directory: Directory
    package let families: FamilyCache
    package let passwords: PasswordHasher
    package let attempts: AttemptLimiter
    package let secrets: ClientSecretVerifier
    let registrations: RegistrationLimiter
    let endedSessions = EndedSessionsMemory()
    let devices: DevicePacing
    /// Of people who enter the codes that devices show.
    let userCodeGuesses: AttemptLimiter
    package let surroundings: Surroundings
    /// What clients are to be told of people who signed out.
    package let signInEnds = SignInEnds()
    /// What the operator should see; called with no lock held and must not block.
    package let notice: @Sendable (Notice) -> Void

    package init(
        settings: Settings,
        storage: any Storage,
        masters: MasterKeys,
        surroundings: Surroundings,
        notice: @escaping @Sendable (Notice) -> Void = { _ in }
    ) {
        self.settings = settings
        self.storage = storage
        self.surroundings = surroundings
        self.notice = notice
        directory = Directory(storage: storage, masters: masters)
        families = FamilyCache(storage: storage)
        let passwords = PasswordHasher()
        self.passwords = passwords
        registrations = RegistrationLimiter()
        devices = DevicePacing(
            interval: settings.lifetimes.deviceInterval,
            lifetime: settings.lifetimes.deviceCode,
            loopback: settings.loopback
        )
        userCodeGuesses = AttemptLimiter(
            attempts: UserCode.guessesPerAddress,
            loopback: settings.loopback
        )
        attempts = AttemptLimiter(
            attempts: settings.loginAttempts,
            loopback: settings.loopback
        )
        secrets = ClientSecretVerifier(
            attempts: settings.loginAttempts,
            loopback: settings.loopback,
            memoryKey: surroundings.randomBytes(32)
        )
    }

    var mint: AccessTokenMint { AccessTokenMint(issuer: settings.issuer) }

    /// What the operator set.
    package struct Settings: Sendable, Equatable {
        package let issuer: String
        package let accessTokenLifetime: Duration
        package let policy: RotationPolicy
        /// Failed sign-ins per account before it is slowed down.
        package let loginAttempts: Int
        /// Who comes from loopback addresses; see ``AttemptLimiter``.
        package let loopback: AttemptLimiter.Loopback
        package let lifetimes: Lifetimes
        /// Who may register clients over the network.
        package let registration: RegistrationMode

        package init(
            issuer: String,
            accessTokenLifetime: Duration = .minutes(10),
            policy: RotationPolicy = .standard,
            loginAttempts: Int = 10,
            loopback: AttemptLimiter.Loopback = .everybody,
            lifetimes: Lifetimes = Lifetimes(),
            registration: RegistrationMode = .off
        ) {
            self.issuer = issuer
            self.accessTokenLifetime = accessTokenLifetime
            self.policy = policy
            self.loginAttempts = loginAttempts
            self.loopback = loopback
            self.lifetimes = lifetimes
            self.registration = registration
        }

        /// How long what leads to a family stays good.
        package struct Lifetimes: Sendable, Equatable {
            package let authorizationCode: Duration
            package let deviceCode: Duration
            /// How long a device waits between two polls.
            package let deviceInterval: Duration
            /// A browser's sign-in is over when nobody used it for so long.
            package let signInIdle: Duration
            package let signInAbsolute: Duration

            package init(
                authorizationCode: Duration = .seconds(60),
                deviceCode: Duration = .minutes(10),
                deviceInterval: Duration = .seconds(5),
                signInIdle: Duration = .days(1),
                signInAbsolute: Duration = .days(14)
            ) {
                self.authorizationCode = authorizationCode
                self.deviceCode = deviceCode
                self.deviceInterval = deviceInterval
                self.signInIdle = signInIdle
                self.signInAbsolute = signInAbsolute
            }
        }
    }

    /// The policy of a client's refresh tokens: its own members over the server's.
    package func policy(of client: Client) -> RotationPolicy {
        client.metadata.policy.applied(to: settings.policy)
    }

    /// The policy that a family of the client lives under. One that ends with the browser's sign-in
    /// is idle no longer than a sign-in may be.
    package func policy(of client: Client?, for family: AuthorizedFamily) -> RotationPolicy {
        let policy = client.map { self.policy(of: $0) } ?? settings.policy
        guard family.signIn?.endsWithIt == true else { return policy }
        return policy.idle(atMost: settings.lifetimes.signInIdle)
    }

    func accessTokenLifetime(of client: Client) -> Duration {
        client.metadata.accessTokenLifetime ?? settings.accessTokenLifetime
    }

    /// What an operator's log or meter is told, never the client.
    package enum Notice: Sendable, Equatable {
        /// A login made a family.
        case sessionMade(FamilyID)
        /// A living family was ended by itself: handed back, taken back, or replaced.
        case sessionEnded(FamilyID, EndReason)
        case rotated(FamilyID)
        case repeated(FamilyID)
        case reuse(FamilyID, Rotation.Reuse)
        /// The newest refresh token of a family that is over.
        case refused(FamilyID, EndReason)
        /// A superseded one of a family that is over: would be reuse if the family lived.
        case reuseAfterEnd(FamilyID, EndReason)
        /// A genuine token from the future: the store was rolled back, or a key is stolen.
        case aheadOfState(FamilyID)
        /// An authorization or device code was used twice; the session that came from it is ended.
        case codeUsedTwice(FamilyID)
        /// A string whose tag does not verify.
        case badRefreshToken
        /// A genuine token that another client presented.
        case foreignRefreshToken(FamilyID)
        case clientAuthenticationFailed(ClientID)
        /// Somebody registers more clients than may be.
        case registrationLimited
        /// More devices begin than are kept at a time.
        case devicesLimited
        /// Somebody enters too many wrong codes of devices.
        case userCodesLimited
        case signInFailed
        /// Somebody gave the right name and password.
        case signInSucceeded
        /// Tokens were handed out.
        case issued(GrantType)
        /// Too many failures, the last of them from this address.
        case signInLimited(address: String)
    }
}

extension AuthorizationServer {
    /// The keys that access tokens verify with, for everybody (RFC 7517 §5).
    package func publishedKeys() async throws -> JSONWebKeySet {
        try await directory.consultCurrent { snapshot in
            snapshot.keys.published(at: surroundings.now())
        }
    }

    /// Every scope that some API defines, in alphabetical order.
    package func resourceScopes() async throws -> [String] {
        try await directory.consultCurrent { snapshot in
            Set(snapshot.resources.values.flatMap(\.scope.tokens)).sorted()
        }
    }
}

extension AuthorizationServer.Settings {
    /// The path of the issuer's URL, under which all endpoints lie; empty for most.
    package var issuerPath: String {
        guard let scheme = issuer.firstRange(of: "://") else { return "" }
        let rest = issuer[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
    }
}
