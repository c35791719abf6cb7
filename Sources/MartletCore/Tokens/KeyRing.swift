import Crypto
package import MartletProtocol

/// All keys, open and ready to use: what signs, what tags, what is published.
///
/// Nobody switches a key on or off: which one signs follows from the instant and the times in the
/// records, so every node decides alike.
package struct KeyRing: Sendable {
    /// Longer than any access token lives: a key stays published this long after its last
    /// signature.
    package static let publishedAfterUse: Duration = .seconds(
        ClientMetadata.accessTokenLifetime.upperBound
    )
    /// A key signs no earlier than this after it was published: longer than the JWKS may be
    /// cached.
    package static let publishedBeforeUse: Duration = .minutes(15)
    /// How long others may cache the JWKS.
    package static let cacheLifetime: Duration = .minutes(10)

    /// One signing key with the headers of all that it signs at hand.
    package final class Signing: Sendable {
        package let record: SigningKeyRecord
        package let key: SigningKey
        private let accessToken: JSONWebSignature.Signer
        private let idToken: JSONWebSignature.Signer
        private let logoutToken: JSONWebSignature.Signer
        private let securityEvent: JSONWebSignature.Signer

        init(record: SigningKeyRecord, key: SigningKey) {
            self.record = record
            self.key = key
            accessToken = JSONWebSignature.Signer(key: key, type: AccessTokenClaims.type)
            idToken = JSONWebSignature.Signer(key: key, type: IDTokenClaims.type)
            logoutToken = JSONWebSignature.Signer(key: key, type: LogoutTokenClaims.type)
            securityEvent = JSONWebSignature.Signer(key: key, type: SessionRevokedClaims.type)
        }

        func signer(of token: SignedToken) -> JSONWebSignature.Signer {
            switch token {
            case .accessToken: accessToken
            case .idToken, .userInfo: idToken
            case .logoutToken: logoutToken
            case .securityEvent: securityEvent
            }
        }
    }

    /// What is signed: the token's `typ` follows from it.
    package enum SignedToken: Sendable {
        case accessToken
        case idToken
        case logoutToken
        /// What tells an API of ended sessions (RFC 8417).
        case securityEvent
        /// An answer of the UserInfo endpoint (OIDC Core §5.3.2): a JWT without a type of its own.
        /// It cannot pass for an ID token, for it never expires.
        case userInfo
    }

    /// In the order in which they become active; those that wait come last.
    package let signing: [Signing]
    /// Those that sign once their time has come.
    private let appointed: [SignatureAlgorithm: [(activeFrom: Instant, key: Signing)]]
    package let derived: [DerivedKeyRecord]
    package let refresh: RefreshKeys
    /// What pairwise subjects are made with; `nil` in a store that no server has prepared yet.
    let subjectKey: AuthenticationKey?
    package let cookies: CookieKeys
    private let clientSecret: [ClientSecretKeyID: AuthenticationKey]

    /// Why a store's keys cannot be used.
    package enum Unusable: Error, Sendable, Equatable {
        /// A key is sealed under a master key that is not at hand.
        case unknownMasterKey
        /// A key does not open or is not one.
        case damaged(String)
    }

    package init(_ records: [KeyRecord], masters: MasterKeys) throws(Unusable) {
        var signing: [Signing] = []
        var derived: [DerivedKeyRecord] = []
        var refresh: [RefreshKeyID: AuthenticationKey] = [:]
        var clientSecret: [ClientSecretKeyID: AuthenticationKey] = [:]
        var subjectKey: AuthenticationKey?
        var cookies: [UInt8: AuthenticationKey] = [:]
        for record in records {
            switch record {
            case .signing(let key):
                signing.append(try Self.open(key, masters: masters))
            case .derived(let key):
                guard let master = masters[key.masterID] else { throw .unknownMasterKey }
                let open = AuthenticationKey(master.derive(key.purpose.rawValue, salt: key.salt))
                derived.append(key)
                switch key.purpose {
                case .refreshToken: refresh[RefreshKeyID(key.id)] = open
                case .clientSecret: clientSecret[ClientSecretKeyID(key.id)] = open
                case .cookie: cookies[key.id] = open
                }
            case .subject(let key):
                subjectKey = AuthenticationKey(
                    SymmetricKey(data: try key.opened(with: masters))
                )
            }
        }
        self.signing = signing.sorted { one, other in
            let waiting = Instant(microseconds: .max)
            return (one.record.activeFrom ?? waiting, one.record.publishedAt)
                < (other.record.activeFrom ?? waiting, other.record.publishedAt)
        }
        appointed = Dictionary(grouping: self.signing, by: \.record.algorithm).mapValues { keys in
            keys.compactMap { key in key.record.activeFrom.map { ($0, key) } }
        }
        self.derived = derived.sorted { ($0.activeFrom, $0.id) < ($1.activeFrom, $1.id) }
        self.refresh = RefreshKeys(refresh)
        self.subjectKey = subjectKey
        self.clientSecret = clientSecret
        self.cookies = CookieKeys(cookies)
    }

    private static func open(
        _ record: SigningKeyRecord,
        masters: MasterKeys
    ) throws(Unusable) -> Signing {
        guard let master = masters[record.masterID] else { throw .unknownMasterKey }
        do {
            let key = try SigningKey(
                algorithm: record.algorithm,
                rawRepresentation: try master.open(record.sealed, name: record.keyID)
            )
            guard key.keyID == record.keyID else { throw Unusable.damaged(record.keyID) }
            return Signing(record: record, key: key)
        } catch {
            throw .damaged(record.keyID)
        }
    }
}

// MARK: - Which key, when

extension KeyRing {
    /// What signs tokens of this kind with this algorithm at this instant.
    package func signer(
        for algorithm: SignatureAlgorithm,
        of token: SignedToken = .accessToken,
        at now: Instant
    ) -> JSONWebSignature.Signer? {
        current(algorithm, at: now)?.signer(of: token)
    }

    func current(_ algorithm: SignatureAlgorithm, at now: Instant) -> Signing? {
        let appointed = appointed[algorithm] ?? []
        // A clock that stepped back, or a request older than its keys, meets no active key: then
        // the first one will do.
        return (appointed.last { $0.activeFrom <= now } ?? appointed.first)?.key
    }

    /// When a key's successor took over or will; `nil` while none is appointed.
    package func replaced(_ key: SigningKeyRecord) -> Instant? {
        guard let activeFrom = key.activeFrom else { return nil }
        return signing.lazy
            .filter { $0.record.algorithm == key.algorithm }
            .compactMap(\.record.activeFrom)
            .first { $0 > activeFrom }
    }

    /// Whether the key belongs in the JWKS: it will sign, it signs, or what it signed may live.
    package func isPublished(_ key: SigningKeyRecord, at now: Instant) -> Bool {
        guard let replaced = replaced(key) else { return true }
        return now < replaced + Self.publishedAfterUse
    }

    /// The JWKS (RFC 7517 §5).
    package func published(at now: Instant) -> JSONWebKeySet {
        JSONWebKeySet(
            signing.filter { isPublished($0.record, at: now) }.map(\.key.publicKey)
        )
    }

    /// The algorithms that something is signed with.
    package var algorithms: [SignatureAlgorithm] {
        SignatureAlgorithm.allCases.filter { algorithm in
            signing.contains { $0.record.algorithm == algorithm }
        }
    }

    /// The key that new families' tokens are tagged with.
    package func refreshKey(at now: Instant) -> RefreshKeyID? {
        current(.refreshToken, at: now).map(RefreshKeyID.init)
    }

    /// The key that new client secrets are stored under.
    package func clientSecretKey(at now: Instant) -> (ClientSecretKeyID, AuthenticationKey)? {
        guard let id = current(.clientSecret, at: now).map(ClientSecretKeyID.init),
            let key = clientSecret[id]
        else { return nil }
        return (id, key)
    }

    /// The key that what browsers are given is authenticated with.
    package func cookieKey(at now: Instant) -> UInt8? { current(.cookie, at: now) }

    package func clientSecretKey(_ id: ClientSecretKeyID) -> AuthenticationKey? { clientSecret[id] }

    private func current(_ purpose: DerivedKeyRecord.Purpose, at now: Instant) -> UInt8? {
        let ofPurpose = derived.filter { $0.purpose == purpose }
        return (ofPurpose.last { $0.activeFrom <= now } ?? ofPurpose.first)?.id
    }
}
