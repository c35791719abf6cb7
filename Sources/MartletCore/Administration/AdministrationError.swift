import MartletProtocol

/// Why an operator's command was refused: one sentence that says what to do.
package struct AdministrationError: Error, Sendable, Equatable {
    package let sentence: String

    package init(_ sentence: String) {
        self.sentence = sentence
    }

    static func noSuch(_ kind: String, _ name: String) -> AdministrationError {
        AdministrationError("There is no \(kind) “\(name)”.")
    }

    static func ownedByFile(_ kind: String, _ name: String) -> AdministrationError {
        AdministrationError(
            "The \(kind) “\(name)” is owned by the configuration file; change it there."
        )
    }

    static let changedMeanwhile = AdministrationError(
        "Somebody else changed it at the same moment; look at it again and repeat the command."
    )
}

extension AuthorizationServer {
    /// A new epoch: everything under the old one ends.
    func newEpoch(_ reason: EndReason?) -> Epoch {
        Epoch(value: surroundings.random63(), changedAt: surroundings.now(), reason: reason)
    }

    /// Saves an operator's changes; a conflict becomes a sentence.
    func save(_ changes: [RecordChange], _ events: [AuditEvent]) async throws {
        do {
            try await storage.save(changes, events: events)
        } catch StorageError.conflict {
            throw AdministrationError.changedMeanwhile
        }
        signInEnds.add(endsOf: events)
    }

    /// A random identifier of 128 bits behind a prefix that says what it names.
    func randomIdentifier(_ prefix: String) -> String {
        prefix + Base64URL.encode(surroundings.randomBytes(16))
    }
}
