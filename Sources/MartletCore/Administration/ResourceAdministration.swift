package import MartletProtocol

/// The operator's commands about APIs.
extension AuthorizationServer {
    /// What an operator says of an API; `nil` leaves a member as it is, or at its default.
    package struct ResourceSettings: Sendable {
        package var scope: Scope?
        package var signingAlgorithm: SignatureAlgorithm?
        package var idleLifetime: Duration?
        package var absoluteLifetime: Duration?

        package init(
            scope: Scope? = nil,
            signingAlgorithm: SignatureAlgorithm? = nil,
            idleLifetime: Duration? = nil,
            absoluteLifetime: Duration? = nil
        ) {
            self.scope = scope
            self.signingAlgorithm = signingAlgorithm
            self.idleLifetime = idleLifetime
            self.absoluteLifetime = absoluteLifetime
        }
    }

    /// A resource and, when it was just made, the secret that it introspects with.
    package struct RegisteredResource: Sendable {
        package let resource: Resource
        package let secret: Secret?
    }

    package func createResource(
        _ identifier: String,
        _ settings: ResourceSettings
    ) async throws -> RegisteredResource {
        let id = ResourceID(rawValue: identifier)
        try check(settings, of: id)
        guard try await storage.find(Resource.self, id: identifier).0 == nil else {
            throw AdministrationError("There is a resource “\(identifier)” already.")
        }
        let algorithm = settings.signingAlgorithm ?? .es256
        try await keyAdministration.ensure(algorithm)
        let made = try await newSecret()
        let resource = Resource(
            id: id,
            scope: settings.scope ?? .none,
            signingAlgorithm: algorithm,
            idleLifetime: settings.idleLifetime,
            absoluteLifetime: settings.absoluteLifetime,
            introspectionID: ClientID(rawValue: randomIdentifier("mrs_")),
            secret: made.hash,
            managedBy: .operator
        )
        try await save([.create(resource, epoch: nil)], [.resourceChanged(id)])
        return RegisteredResource(resource: resource, secret: made.secret)
    }

    package func updateResource(
        _ id: ResourceID,
        _ settings: ResourceSettings
    ) async throws -> Resource {
        let stored = try await resource(id, ownedBy: .operator)
        try check(settings, of: id)
        var resource = stored.value
        resource.scope = settings.scope ?? resource.scope
        resource.signingAlgorithm = settings.signingAlgorithm ?? resource.signingAlgorithm
        resource.idleLifetime = settings.idleLifetime ?? resource.idleLifetime
        resource.absoluteLifetime = settings.absoluteLifetime ?? resource.absoluteLifetime
        try await keyAdministration.ensure(resource.signingAlgorithm)
        try await save([.update(stored, to: resource)], [.resourceChanged(id)])
        return resource
    }

    package func rotateResourceSecret(_ id: ResourceID) async throws -> RegisteredResource {
        let stored = try await resource(id, ownedBy: .operator)
        let made = try await newSecret()
        var resource = stored.value
        resource.secret = made.hash
        try await save([.update(stored, to: resource)], [.resourceChanged(id)])
        return RegisteredResource(resource: resource, secret: made.secret)
    }

    /// Deletes an API: no token is made for it from here on.
    package func deleteResource(_ id: ResourceID) async throws {
        let stored = try await resource(id, ownedBy: .operator)
        try await save([.delete(stored)], [.resourceDeleted(id)])
    }

    package func resources() async throws -> [Resource] {
        try await storage.all(Resource.self).0.map(\.value)
    }

    package func resource(_ id: ResourceID) async throws -> Stored<Resource> {
        guard let stored = try await storage.find(Resource.self, id: id.rawValue).0 else {
            throw AdministrationError.noSuch("resource", id.rawValue)
        }
        return stored
    }

    /// What an operator says of an API, whichever way.
    func check(
        _ settings: ResourceSettings,
        of id: ResourceID
    ) throws(AdministrationError) {
        guard Resource.isValidIdentifier(id.rawValue), id.rawValue != self.settings.issuer else {
            throw AdministrationError(
                "“\(id)” is not an absolute URI without fragment, or it is the issuer's."
            )
        }
        let bounds = RotationPolicy.minimumLifetime...RotationPolicy.maximumLifetime
        let lifetimes = [settings.idleLifetime, settings.absoluteLifetime].compactMap(\.self)
        guard lifetimes.allSatisfy(bounds.contains) else {
            throw AdministrationError(
                "A lifetime is a number of seconds from \(bounds.lowerBound.wholeSeconds) to "
                    + "\(bounds.upperBound.wholeSeconds)."
            )
        }
    }

    private func resource(
        _ id: ResourceID,
        ownedBy owner: ManagedBy
    ) async throws -> Stored<Resource> {
        let stored = try await resource(id)
        guard stored.value.managedBy == owner else {
            throw AdministrationError.ownedByFile("resource", id.rawValue)
        }
        return stored
    }

    package var keyAdministration: KeyAdministration {
        KeyAdministration(
            storage: storage,
            masters: directory.masters,
            surroundings: surroundings
        )
    }
}
