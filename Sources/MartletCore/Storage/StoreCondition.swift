import MartletProtocol

/// Whether a store may be served, and what must be known of where it came from.
///
/// Everything but ``inService(_:)`` keeps servers and commands out: the store itself refuses their
/// writes with ``StorageError/outOfService``, whichever process asks.
package enum StoreCondition: Sendable, Equatable {
    /// The common case; with a restoration if it was recovered from a copy and its sessions go on.
    case inService(Restoration?)
    /// A backup's copy. What has happened since is not in it, so that nobody may take it for the
    /// store before `martlet recover` has said what becomes of its sessions.
    case copy(madeAt: Instant)
    /// Its contents went to another store, which goes on in its place; with the restoration that
    /// holds for them.
    case sealed(at: Instant, movedTo: String, Restoration? = nil)
    /// It is being filled from the store of this identity and is not whole yet.
    case receiving(from: String)

    package static let standard = StoreCondition.inService(nil)

    /// Whether servers and commands may write to it.
    package var takesWrites: Bool {
        switch self {
        case .inService: true
        case .copy, .sealed, .receiving: false
        }
    }

    /// What goes into the end log when this takes the place of `last`: what ended in the store that
    /// one was filled from is in that one's log.
    package func writes(after last: StoreCondition) -> [Write] {
        guard case .receiving = last, takesWrites else { return [] }
        return [.end(.unknown)]
    }

    /// What holds for its families since it was recovered.
    package var restoration: Restoration? {
        switch self {
        case .inService(let restoration): restoration
        case .copy, .sealed, .receiving: nil
        }
    }
}

/// What a store says of itself.
package struct StoreStatus: Sendable, Equatable {
    /// Tells this store from others; made with it. A backup's copy has the identity of its origin.
    package let identity: String
    package let condition: StoreCondition
    package let revision: Revision

    package init(identity: String, condition: StoreCondition, revision: Revision) {
        self.identity = identity
        self.condition = condition
        self.revision = revision
    }
}

// MARK: - As text, for a store

extension StoreCondition {
    /// The condition as JSON; `nil` for ``standard``, so that the common case costs nothing.
    package var stored: String? {
        let body: JSONValue
        switch self {
        case .inService(nil): return nil
        case .inService(let restoration?):
            body = ["is": "restored", "restoration": restoration.body]
        case .copy(let madeAt):
            body = ["is": "copy", "made_at": .integer(madeAt.microseconds)]
        case .sealed(let instant, let place, let restoration):
            body = [
                "is": "sealed", "at": .integer(instant.microseconds), "moved_to": .string(place),
                "restoration": restoration?.body ?? .null,
            ]
        case .receiving(let identity):
            body = ["is": "receiving", "from": .string(identity)]
        }
        return String(decoding: body.encoded(), as: UTF8.self)
    }

    /// Reads what ``stored`` made.
    package init(stored text: String?) throws(StorageError) {
        guard let text else {
            self = .standard
            return
        }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw .corrupt("the store's condition: \(error)")
        }
        let body = RecordBody(json, of: "the store's condition")
        switch try body.string("is") {
        case "restored":
            self = .inService(try Restoration(body: try body.object("restoration")))
        case "copy": self = .copy(madeAt: try body.instant("made_at"))
        case "sealed":
            self = .sealed(
                at: try body.instant("at"),
                movedTo: try body.string("moved_to"),
                body.value("restoration") == nil
                    ? nil : try Restoration(body: try body.object("restoration"))
            )
        case "receiving": self = .receiving(from: try body.string("from"))
        case let other: throw .corrupt("“\(other)” is no condition that this version knows")
        }
    }
}

extension Restoration {
    fileprivate var body: JSONValue {
        [
            "since": .integer(since.microseconds), "until": .integer(until.microseconds),
            "holders": .string(holders.rawValue),
        ]
    }

    fileprivate init(body: RecordBody) throws(StorageError) {
        self.init(
            since: try body.instant("since"),
            until: try body.instant("until"),
            holders: try body.choice("holders", as: Holders.self)
        )
    }
}
