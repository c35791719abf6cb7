import MartletProtocol
import MartletTesting
import Synchronization
import Testing

@testable import MartletCore

/// What every life begins with: keys, two clients, an account and its consents, made once.
struct SimulationTemplate: Sendable {
    let records: [RecordChange]
    let epochs: [String: Epoch]
    let account: Account
    let `public`: TestClient
    let confidential: TestClient
    let keys: KeyRing
    let masters: MasterKeys

    init() async throws {
        let made = try await TestAuthorizationServer()
        let grants: [GrantType] = [.authorizationCode, .deviceCode, .refreshToken]
        `public` = try await made.client(grants: grants, method: .none)
        confidential = try await made.client(grants: grants)
        account = try await made.account()
        let browser = try await made.browser()
        _ = try await made.code(`public`, in: browser, scope: "read write")
        _ = try await made.code(confidential, in: browser, scope: "read write")
        var records: [StoredRecord] = []
        for kind in RecordKind.allCases {
            records +=
                try await made.storage.list(kind, owner: nil, after: nil, limit: 100).records
        }
        self.records = records.map { .put($0, expecting: nil) }
        epochs = Dictionary(
            uniqueKeysWithValues: records.compactMap { record in
                record.epoch.map { (record.id, $0) }
            }
        )
        keys = try await made.keys
        masters = made.server.directory.masters
    }

    func client(_ isConfidential: Bool) -> TestClient {
        isConfidential ? confidential : `public`
    }

    /// What a life's families hang on.
    func epochs(of client: TestClient) -> [RecordKind: Epoch] {
        var found: [RecordKind: Epoch] = [:]
        found[.account] = epochs[account.id.rawValue]
        found[.client] = epochs[client.id.rawValue]
        found[.consent] = epochs[Consent.recordID(account: account.id, client: client.id)]
        return found
    }
}

/// Where one life takes place: the real server, on one node or two, over a store whose steps wait
/// for their turn.
struct SimulatedWorld {
    /// After the keys were made.
    static let start = ManualClock.start + .days(1)

    let template: SimulationTemplate
    let client: TestClient
    let stage = Stage()
    let executor = StepExecutor()
    let clock: ManualClock
    let storage: SteppedStorage
    let nodes: [AuthorizationServer]

    init(_ template: SimulationTemplate, plan: LifePlan, mistake: Mistake?) {
        self.template = template
        client = template.client(plan.isConfidential)
        let clock = ManualClock(plan.begins)
        self.clock = clock
        let storage = SteppedStorage(stage: stage, clock: clock, mistake: mistake)
        self.storage = storage
        nodes = (0..<plan.nodes).map { node in
            AuthorizationServer(
                settings: AuthorizationServer.Settings(
                    issuer: TestAuthorizationServer.issuer,
                    accessTokenLifetime: plan.accessTokenLifetime,
                    policy: plan.policy
                ),
                storage: storage,
                masters: template.masters,
                surroundings: .manual(clock: clock, seed: plan.seed &* 2 &+ UInt64(node))
            )
        }
        wait { [template] in try await storage.inner.save(template.records, events: []) }
    }

    /// Something of the test's own, which asks the store behind and so is nobody's turn; `nil` if
    /// it threw.
    @discardableResult
    func wait<Answer: Sendable>(
        _ work: @escaping @Sendable () async throws -> Answer
    ) -> Answer? {
        let slot = Slot<Answer>()
        Task(executorPreference: executor) { slot.value = try? await work() }
        executor.settle()
        return slot.value
    }

    /// The family in the store, as nobody waits to see it.
    func stored(_ id: FamilyID) -> TokenFamily? {
        wait { [storage] in try await storage.inner.find(id).family } ?? nil
    }

    /// Puts a state in the place of a family's own.
    func put(_ state: FamilyState, for family: AuthorizedFamily) {
        wait { [storage] in
            try await storage.inner.change(family) { _, _ in
                ErasedChange(state: state, writes: [], events: [])
            }
        }
    }
}

/// A place for one value that a story leaves behind.
final class Slot<Value: Sendable>: Sendable {
    private let stored = Mutex<Value?>(nil)

    var value: Value? {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}
