/// What Martlet keeps, in the domain's words. A store implements these five small protocols and the
/// one it is copied by, and passes `StorageContract`; nothing else is asked of it.
package protocol Storage: TokenFamilyStore, OneTimeStore, RecordStore, AuditLog, EndLog,
    StoreTransfer
{
    /// The revision as of now. One read.
    func revision() async throws(StorageError) -> Revision

    /// Finishes what was accepted, refuses what comes later with
    /// ``StorageError/unavailable(_:)``, and lets go of files and connections.
    func close() async
}

/// Rises with each change to clients, accounts, consents, resources and keys, by one or by more:
/// everything that a server caches of them hangs on it, whichever process made the change.
///
/// A lower one than before is a store that was set back to an earlier state. Whoever caches compares
/// for equality.
package struct Revision: Sendable, Equatable, Comparable {
    package let value: Int64

    package init(_ value: Int64) {
        self.value = value
    }

    package static func < (one: Revision, other: Revision) -> Bool { one.value < other.value }
}

/// Why the store could not do it. Whichever it is, nothing was changed.
package enum StorageError: Error, Sendable, Equatable {
    /// The store cannot be read or written now; the text is for the operator's log.
    case unavailable(String)
    /// Too much is waiting already; nothing was queued.
    case overloaded
    /// The record is not the one that was expected, or its name or id is taken.
    case conflict
    /// What is stored cannot be what this version wrote; the text is for the operator's log.
    case corrupt(String)
    /// The store is a backup's copy, sealed, or not whole yet: it takes no writes
    /// (``StoreCondition``).
    case outOfService
}

// MARK: - Token families

/// The families: the one store on the path of every refresh.
package protocol TokenFamilyStore: Sendable {
    /// Makes a family, in one atomic step.
    ///
    /// The step sees the standing of the family's account, client and consent and its siblings as
    /// of the same instant as its effect. If it answers `nil`, nothing is made. Durable when this
    /// returns. Throws ``StorageError/conflict`` if the id is taken.
    ///
    /// - Parameter redeemed: the code that the family is made from; the step sees what is
    ///   remembered under it, and leaves in the same commit that it was used.
    ///
    /// `step` may run twice: no I/O, no clock, no randomness.
    func insert(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError)

    /// Judges a family and writes the judgement, in one atomic step: the heart of the store.
    ///
    /// The step gets the family's state and the standing of what it hangs on as they are now, and
    /// the store's clock, which is never earlier than the family's last rotation. All of the
    /// change that it answers with commits together; a second step on the same family sees all of
    /// it or none. When this returns, the change is on disk, and so is every earlier change that
    /// the step could see. A *find* followed by an *update* is no substitute: two parallel
    /// requests would fork the family.
    ///
    /// The authorized record comes from the caller, who has it at hand: it never changes. The
    /// view's family is `nil` if the store holds no state for it; nothing is written then, whatever
    /// the step answers.
    ///
    /// `step` may run twice: no I/O, no clock, no randomness.
    func change(
        _ family: AuthorizedFamily,
        step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError)

    /// A family as it is now. Never waits behind the writer.
    func find(_ id: FamilyID) async throws(StorageError) -> FamilyView

    /// The families that match, the newest first, from before `cursor` on, at most `limit`.
    func list(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) async throws(StorageError) -> [FamilyView]

    /// Removes at most `limit` families whose absolute end lies before `instant`; tells how many.
    func purge(before instant: Instant, limit: Int) async throws(StorageError) -> Int
}

/// A family and what it hangs on, read in one step.
package struct FamilyView: Sendable, Equatable {
    /// `nil` if there is no such family.
    package let family: TokenFamily?
    package let standing: Standing
    package let revision: Revision

    package init(family: TokenFamily?, standing: Standing, revision: Revision) {
        self.family = family
        self.standing = standing
        self.revision = revision
    }
}

/// What a new family is judged by.
package struct InsertView: Sendable, Equatable {
    package let standing: Standing
    /// The families of the same account and client whose state says that they have not ended and
    /// whose absolute end lies ahead: the ``RotationPolicy/maximumSessions`` most recently used of
    /// them, the least recently used first.
    package let siblings: [TokenFamily]
    /// What is remembered under the code that the family is made from.
    package let redeemed: OneTimeEntry?
    package let revision: Revision

    package init(
        standing: Standing,
        siblings: [TokenFamily],
        redeemed: OneTimeEntry? = nil,
        revision: Revision
    ) {
        self.standing = standing
        self.siblings = siblings
        self.redeemed = redeemed
        self.revision = revision
    }
}

/// Which families a list is of.
package enum FamilySelection: Sendable, Equatable {
    case all
    case account(AccountID)
    case client(ClientID)
    case accountAtClient(AccountID, ClientID)
}

/// Everything that one atomic step writes, and what it answers.
package struct Change<Answer: Sendable>: Sendable {
    /// The family's new state; `nil` leaves it as it is.
    package let state: FamilyState?
    /// What else is written together with it.
    package let writes: [Write]
    package let events: [AuditEvent]
    package let answer: Answer

    package init(
        state: FamilyState? = nil,
        writes: [Write] = [],
        events: [AuditEvent] = [],
        answer: Answer
    ) {
        self.state = state
        self.writes = writes
        self.events = events
        self.answer = answer
    }
}

/// A write beside the family's own state.
package enum Write: Sendable, Equatable {
    /// Another family's state; left alone if the store has none for it.
    case state(FamilyID, FamilyState)
    /// A record that does not exist yet, as version 1; left alone if it does. The revision stays:
    /// nobody caches that a record is missing.
    case create(StoredRecord)
    /// What is remembered under a key from now on, over what is there: that a code was used.
    case remember(OneTimeEntry)
    /// What ends with the step and no event tells exactly: an entry of the ``EndLog``.
    case end(EndedTokens)
}

/// A ``Change`` without its answer, which is all that a store needs to know of it: no generic
/// crosses the border to a store.
package struct ErasedChange: Sendable, Equatable {
    package let state: FamilyState?
    package let writes: [Write]
    package let events: [AuditEvent]

    package init(state: FamilyState?, writes: [Write], events: [AuditEvent]) {
        self.state = state
        self.writes = writes
        self.events = events
    }
}

// MARK: - Things good for one use

/// What is remembered under a key until it expires: codes, browsers' sign-ins, denied access tokens.
package protocol OneTimeStore: Sendable {
    /// Remembers it, durably. Answers `false`, and changes nothing, if the key is there already.
    func put(_ entry: OneTimeEntry) async throws(StorageError) -> Bool

    /// What is remembered under this key; `nil` too once it has expired.
    func find(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry?

    /// Judges what is remembered under a key, `nil` if nothing is, and writes the judgement with
    /// everything else that the step answers, in one atomic and durable step.
    ///
    /// `step` may run twice: no I/O, no clock, no randomness.
    func change(
        _ key: OneTimeKey,
        step: @escaping @Sendable (OneTimeEntry?, Instant) -> ErasedOneTimeChange
    ) async throws(StorageError)

    /// Takes it out, durably: of any number of callers exactly one gets it.
    func take(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry?

    /// Removes at most `limit` entries that expired before `instant`; tells how many.
    func purgeOneTime(before instant: Instant, limit: Int) async throws(StorageError) -> Int
}

package struct OneTimeKey: Sendable, Hashable {
    package enum Kind: String, Sendable {
        /// The `jti` of an access token that was revoked before its time.
        case deniedAccessToken = "denied_access_token"
        /// An authorization code, by its hash; after its use, that it was used.
        case authorizationCode = "code"
        /// A browser's sign-in, by its id.
        case signIn = "sign_in"
        /// A device code, by its hash; after its use, that it was used.
        case deviceCode = "device"
        /// What a person types to approve a device.
        case userCode = "device_user"
    }

    package let kind: Kind
    package let id: String

    package init(_ kind: Kind, _ id: String) {
        self.kind = kind
        self.id = id
    }
}

package struct OneTimeEntry: Sendable, Equatable {
    package let key: OneTimeKey
    package let expiresAt: Instant
    package let body: [UInt8]

    package init(key: OneTimeKey, expiresAt: Instant, body: [UInt8] = []) {
        self.key = key
        self.expiresAt = expiresAt
        self.body = body
    }
}

/// What becomes of the entry that a step judged.
package enum OneTimeOutcome: Sendable, Equatable {
    case keep
    case put(OneTimeEntry)
    case remove
}

/// Everything that a step on a ``OneTimeEntry`` writes, and what it answers.
package struct OneTimeChange<Answer: Sendable>: Sendable {
    package let entry: OneTimeOutcome
    package let writes: [Write]
    package let events: [AuditEvent]
    package let answer: Answer

    package init(
        _ entry: OneTimeOutcome = .keep,
        writes: [Write] = [],
        events: [AuditEvent] = [],
        answer: Answer
    ) {
        self.entry = entry
        self.writes = writes
        self.events = events
        self.answer = answer
    }
}

/// A ``OneTimeChange`` without its answer, for a store.
package struct ErasedOneTimeChange: Sendable, Equatable {
    package let entry: OneTimeOutcome
    package let writes: [Write]
    package let events: [AuditEvent]

    package init(entry: OneTimeOutcome, writes: [Write], events: [AuditEvent]) {
        self.entry = entry
        self.writes = writes
        self.events = events
    }
}

// MARK: - Records

/// Clients, accounts, consents, resources, keys and registration tokens: read often, changed by
/// people.
package protocol RecordStore: Sendable {
    /// The record of this id, and the revision as of the same read.
    func find(_ kind: RecordKind, id: String) async throws(StorageError) -> Found

    /// The record of this name, and the revision as of the same read.
    func find(_ kind: RecordKind, name: String) async throws(StorageError) -> Found

    /// Saves all of these and their events, all or none, and raises the revision.
    ///
    /// Each `expecting` is the version that its record has now, or `nil` for one that must not
    /// exist yet; otherwise, or if a name is taken, ``StorageError/conflict``. A saved record's
    /// version is one more than it was. Durable when this returns.
    func save(_ changes: [RecordChange], events: [AuditEvent]) async throws(StorageError)

    /// The records of a kind in the order of their ids, from after `cursor` on, at most `limit`.
    func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) async throws(StorageError) -> Listed
}

package enum RecordKind: String, Sendable, CaseIterable {
    case client
    case account
    case consent
    case resource
    case key
    case registrationToken = "registration_token"
}

/// A record as a store keeps it: what it is found by, its epoch, and a body that only the core
/// reads.
package struct StoredRecord: Sendable, Equatable {
    package let kind: RecordKind
    package let id: String
    /// A second key, unique within the kind: an account's sign-in name.
    package let name: String?
    /// What a list can be narrowed to: a consent's account, the group of a client that registered
    /// itself.
    package let owner: String?
    /// Counts the saves, from 1.
    package let version: Int64
    /// `nil` for kinds that no family hangs on.
    package let epoch: Epoch?
    /// JSON.
    package let body: [UInt8]

    package init(
        kind: RecordKind,
        id: String,
        name: String?,
        owner: String?,
        version: Int64,
        epoch: Epoch?,
        body: [UInt8]
    ) {
        self.kind = kind
        self.id = id
        self.name = name
        self.owner = owner
        self.version = version
        self.epoch = epoch
        self.body = body
    }
}

/// One record's change within a save.
package enum RecordChange: Sendable, Equatable {
    /// Writes the record; its version is `(expecting ?? 0) + 1`, whatever the value carries.
    case put(StoredRecord, expecting: Int64?)
    case delete(RecordKind, id: String, expecting: Int64)
}

package struct Found: Sendable, Equatable {
    package let record: StoredRecord?
    package let revision: Revision

    package init(record: StoredRecord?, revision: Revision) {
        self.record = record
        self.revision = revision
    }
}

package struct Listed: Sendable, Equatable {
    package let records: [StoredRecord]
    package let revision: Revision

    package init(records: [StoredRecord], revision: Revision) {
        self.records = records
        self.revision = revision
    }
}

// MARK: - The audit log

/// What happened, for those who look later. Entries are written by the steps that they tell of,
/// in the same commit.
package protocol AuditLog: Sendable {
    /// The entries that match, the newest first, at most `limit`.
    func events(
        of selection: AuditSelection,
        limit: Int
    ) async throws(StorageError) -> [AuditEntry]

    /// Removes at most `limit` entries from before `instant`; tells how many.
    func purgeEvents(before instant: Instant, limit: Int) async throws(StorageError) -> Int
}

package enum AuditSelection: Sendable, Equatable {
    case all
    case family(FamilyID)
    case account(AccountID)
}
