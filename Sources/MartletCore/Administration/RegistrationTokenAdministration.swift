package import MartletProtocol

/// The operator's commands about initial access tokens.
extension AuthorizationServer {
    /// An initial access token and, when it was just made, its text: the only time that it is
    /// shown.
    package struct MadeRegistrationToken: Sendable {
        package let token: RegistrationToken
        package let text: Secret
    }

    /// Makes an initial access token for so many clients.
    package func createRegistrationToken(
        uses: Int64,
        lifetime: Duration
    ) async throws -> MadeRegistrationToken {
        guard RegistrationToken.uses.contains(uses) else {
            throw AdministrationError(
                "A registration token is good for \(RegistrationToken.uses.lowerBound) to "
                    + "\(RegistrationToken.uses.upperBound) clients."
            )
        }
        guard lifetime > .zero, lifetime <= RegistrationToken.maximumLifetime else {
            throw AdministrationError("A registration token lives for a second to 366 days.")
        }
        let (id, text) = RegistrationToken.make(in: surroundings)
        let now = surroundings.now()
        let token = RegistrationToken(
            id: id,
            hash: try await keyedHash(of: text),
            createdAt: now,
            expiresAt: now + lifetime,
            uses: uses
        )
        try await save([.create(token, epoch: nil)], [.registrationTokenCreated(id)])
        return MadeRegistrationToken(token: token, text: text)
    }

    /// All that have not expired, used up or not.
    package func registrationTokens() async throws -> [RegistrationToken] {
        let now = surroundings.now()
        return try await storage.all(RegistrationToken.self).0.map(\.value)
            .filter { now < $0.expiresAt }
            .sorted { $0.createdAt < $1.createdAt }
    }

    /// Takes an initial access token back; what was registered with it stays.
    package func revokeRegistrationToken(_ id: RegistrationTokenID) async throws {
        // Again if it was used at the same moment.
        try await saveRepeatedly {
            let stored = try await storage.find(RegistrationToken.self, id: id.rawValue).0
            guard let stored else {
                throw AdministrationError.noSuch("registration token", id.rawValue)
            }
            return ([.delete(stored)], [.registrationTokenRevoked(id)])
        }
    }
}
