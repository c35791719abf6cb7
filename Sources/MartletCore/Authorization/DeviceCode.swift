import Crypto
package import MartletProtocol

/// A device that waits for a person: what it asks for, and what was decided (RFC 8628).
///
/// The device's string is 256 random bits; the store holds its hash. The code that the person
/// types leads to it for as long as it is alive. It is good for one exchange. After that the entry
/// stays, with the family that came from it, for as long as that family could live.
package struct DeviceCode: Sendable, Equatable {
    static let prefix = "mdc_"
    static let secretLength = 32
    /// How long the entry outlives the code: a device that comes too late is told so.
    static let rememberedAfterEnd: Duration = .minutes(10)

    package let client: ClientID
    package let userCode: UserCode
    package let scope: Scope
    package let resources: [ResourceID]
    /// The device's own, by which the person will know the session.
    package let origin: Origin
    package let end: Instant
    package let status: Status

    package enum Status: Sendable, Equatable {
        case pending
        case denied
        case approved(Approval)
        case used(Approval, for: FamilyID)
    }

    /// That a person allowed it, and under which epochs.
    package struct Approval: Sendable, Equatable {
        package let account: AccountID
        package let epochs: FamilyEpochs
        package let authentication: Authentication
    }

    /// A new code's string.
    static func makeText(in surroundings: Surroundings) -> Secret {
        Secret(prefix + Base64URL.encode(surroundings.randomBytes(secretLength)))
    }

    /// Where the store keeps it.
    static func key(_ text: Secret) -> OneTimeKey {
        OneTimeKey(.deviceCode, Base64URL.encode(Array(SHA256.hash(data: text.bytes))))
    }

    /// The same, decided.
    func with(_ status: Status) -> DeviceCode {
        DeviceCode(
            client: client,
            userCode: userCode,
            scope: scope,
            resources: resources,
            origin: origin,
            end: end,
            status: status
        )
    }
}

// MARK: - The decisions

extension DeviceCode {
    /// What a poll brings.
    package enum Poll: Sendable, Equatable {
        case foreign
        case usedTwice(FamilyID)
        case denied
        case expired
        case approved(Approval)
        case pending
    }

    /// The rule of RFC 8628 §3.5, read from the top:
    ///
    /// | the code and who asks | the client is told |
    /// | --- | --- |
    /// | unknown, or another client's | `invalid_grant` |
    /// | used | `invalid_grant`, and the session that came from it ends |
    /// | the person said no | `access_denied` |
    /// | its life is over | `expired_token` |
    /// | the person said yes | tokens |
    /// | nobody decided; asked before the interval was over | `slow_down`, and the interval is five seconds longer from now on |
    /// | nobody decided | `authorization_pending` |
    ///
    /// The RFC does not say what comes of a second use. A device code is a code: it ends what came
    /// of it (RFC 6749 §4.1.2), so that a device notices whoever was quicker with its code. A
    /// device whose answer was lost has to start again either way, and leaves no session behind.
    package func poll(by client: ClientID, at now: Instant) -> Poll {
        guard self.client.rawValue.isSameText(as: client.rawValue) else { return .foreign }
        switch status {
        case .used(_, let family): return .usedTwice(family)
        case .denied: return .denied
        case .approved(let approval): return now < end ? .approved(approval) : .expired
        case .pending: return now < end ? .pending : .expired
        }
    }

    /// What a person can do about it.
    package enum Answering: Sendable, Equatable {
        case open
        /// It was answered this way already, by this person: a form sent twice.
        case answered(DeviceDecision)
        /// It is not theirs to answer any more.
        case over
    }

    package func answering(by account: AccountID, at now: Instant) -> Answering {
        switch status {
        case .pending: return now < end ? .open : .over
        case .denied: return .answered(.deny)
        case .approved(let approval), .used(let approval, _):
            return approval.account == account ? .answered(.allow) : .over
        }
    }
}

// MARK: - What is stored

extension DeviceCode {
    /// The entry. After its use it stays as long as what came from it could live.
    func entry(_ key: OneTimeKey, until last: Instant? = nil) -> OneTimeEntry {
        var body = JSONObject()
        body["client"] = .string(client.rawValue)
        body["shown"] = .string(userCode.text)
        body["scope"] = .string(scope.description)
        body["resources"] = .array(resources.map { .string($0.rawValue) })
        body["origin"] = origin.body
        body["end"] = .integer(end.microseconds)
        body["denied"] = .bool(status == .denied)
        switch status {
        case .pending, .denied: break
        case .approved(let approval): body["approval"] = approval.body
        case .used(let approval, let family):
            body["approval"] = approval.body
            body["used_for"] = .string(family.description)
        }
        return OneTimeEntry(
            key: key,
            expiresAt: last ?? end + Self.rememberedAfterEnd,
            body: JSONValue.object(body).encoded()
        )
    }

    init(_ entry: OneTimeEntry) throws(StorageError) {
        let body = try RecordBody(entry)
        client = ClientID(rawValue: try body.string("client"))
        guard let userCode = UserCode(typed: try body.string("shown")) else {
            throw body.missing("shown")
        }
        self.userCode = userCode
        scope = try body.scope("scope")
        resources = try body.strings("resources").map(ResourceID.init)
        origin = try body.origin("origin")
        end = try body.instant("end")
        status = try Self.status(body)
    }

    private static func status(_ body: RecordBody) throws(StorageError) -> Status {
        guard body.value("denied")?.bool != true else { return .denied }
        guard body.value("approval") != nil else { return .pending }
        let approval = try Approval(try body.object("approval"))
        guard let used = body.value("used_for")?.string else { return .approved(approval) }
        guard let family = FamilyID(used) else { throw body.missing("used_for") }
        return .used(approval, for: family)
    }
}

extension DeviceCode.Approval {
    fileprivate var body: JSONValue {
        [
            "account": .string(account.rawValue),
            "epochs": epochs.body,
            "authentication": authentication.body,
        ]
    }

    fileprivate init(_ body: RecordBody) throws(StorageError) {
        account = AccountID(rawValue: try body.string("account"))
        epochs = try body.epochs("epochs")
        authentication = try body.authentication("authentication")
    }
}
