import MartletProtocol
import MartletTesting

@testable import MartletCore

/// How requests become stories of the real server.
extension Life {
    private static let elsewhere = "203.0.113.9"

    /// Begins the story of a request that arrived.
    func start(_ request: SimulatedRequest) {
        world.stage.begin(request.number, on: world.executor, story(of: request))
    }

    private func story(of request: SimulatedRequest) -> Stage.Story {
        let server = world.nodes[request.node]
        switch request.kind {
        case .login: return loginStory(server)
        case .exchange(let key, let code):
            let isDevice = key.kind == .deviceCode
            let form =
                isDevice
                ? "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code="
                : "grant_type=authorization_code&code="
            return { [request = formRequest(form + code, of: request)] in
                try await server.token(request)
            }
        case .refresh(let token, let disguise):
            let presented = disguise == .altered ? altered(token) : token
            var form = "grant_type=refresh_token&refresh_token=" + presented
            if disguise == .badScope { form += "&scope=admin" }
            presents(request)
            return { [request = formRequest(form, of: request, disguise)] in
                try await server.token(request)
            }
        case .revoke(let token):
            return { [request = formRequest("token=" + token, of: request)] in
                try await server.revoke(request)
                return nil
            }
        case .deed(let deed, let policy): return deedStory(deed, policy, server)
        }
    }

    /// Only a mistake looks at it.
    private func presents(_ request: SimulatedRequest) {
        guard world.storage.mistake != nil, let token = request.token,
            let place = ledger.tokens[token], let family = ledger.families[place.family]
        else { return }
        world.stage.present(
            .init(generation: Generation(family.base + UInt32(place.place)), arrived: now),
            in: request.number
        )
    }

    private func formRequest(
        _ form: String,
        of request: SimulatedRequest,
        _ disguise: SimulatedRequest.Disguise = .none
    ) -> TokenRequest {
        let client =
            disguise == .otherClient
            ? world.template.client(!plan.isConfidential) : world.client
        let secret = disguise == .noSecret ? nil : client.secret
        let text = "\(form)&client_id=\(client.id.rawValue)"
        guard let parameters = try? FormParameters(parsing: Array(text.utf8)) else {
            preconditionFailure("the simulation made a malformed form")
        }
        return TokenRequest(
            parameters: parameters,
            authorization: secret.map { TestAuthorizationServer.basic(client.id.rawValue, $0) },
            origin: Origin(
                address: request.sender == .thief ? Self.elsewhere : TestAuthorizationServer.home,
                userAgent: "test"
            ),
            arrived: now
        )
    }

    private func altered(_ token: String) -> String {
        let place = token.index(token.endIndex, offsetBy: -5)
        return token.replacingCharacters(at: place, with: token[place] == "A" ? "B" : "A")
    }

    // MARK: - How a family begins

    /// A person was signed in and allowed the client what it asked for; its tokens are made.
    private func loginStory(_ server: AuthorizationServer) -> Stage.Story {
        let account = world.template.account.id
        let client = world.client.id
        let arrived = now
        let epochs = epochs
        return {
            try await server.directory.consult { snapshot in
                guard let epochs, let client = try await snapshot.client(client)?.value else {
                    throw AdministrationError("nobody can sign in here any more")
                }
                let target = try AccessTokenRequest(
                    granted: client.registeredScope,
                    grantedResources: [],
                    scope: nil,
                    resource: nil
                ).target(among: snapshot.resources, issuer: server.settings.issuer)
                let outcome = try await SessionStart(
                    server: server,
                    snapshot: snapshot,
                    client: client,
                    account: account,
                    scope: client.registeredScope,
                    resources: [],
                    authentication: .password(at: arrived),
                    origin: Origin(address: TestAuthorizationServer.home, userAgent: "test"),
                    standing: .captured(epochs)
                ).begin(target: target, at: arrived)
                switch outcome {
                case .made(let response): return response
                case .standingChanged: throw AuthorizationCodeGrant.ended
                case .notRedeemable: throw AuthorizationCodeGrant.invalid
                }
            }
        }
    }

    private var epochs: FamilyEpochs? {
        guard let account = ledger.epochs[.account], let client = ledger.epochs[.client],
            let consent = ledger.epochs[.consent]
        else { return nil }
        return FamilyEpochs(account: account.value, client: client.value, consent: consent.value)
    }

    /// A code on its way to the client, or what a device waits with after its person said yes.
    func putCode(ofDevice isDevice: Bool) -> (OneTimeKey, String) {
        let text = (isDevice ? "mdc_" : "mac_") + String(plan.seed, radix: 36)
        let key = isDevice ? DeviceCode.key(Secret(text)) : AuthorizationCode.key(Secret(text))
        guard let epochs else { return (key, text) }
        let origin = Origin(address: TestAuthorizationServer.home, userAgent: "test")
        let entry: OneTimeEntry
        if isDevice {
            let approval = DeviceCode.Approval(
                account: world.template.account.id,
                epochs: epochs,
                authentication: .password(at: now)
            )
            entry = DeviceCode(
                client: world.client.id,
                userCode: UserCode(in: .manual(clock: world.clock, seed: plan.seed)),
                scope: Scope("read") ?? .none,
                resources: [],
                origin: origin,
                end: now + .minutes(10),
                status: .approved(approval)
            ).entry(key)
        } else {
            entry = AuthorizationCode(
                client: world.client.id,
                account: world.template.account.id,
                redirectURI: nil,
                challenge: nil,
                nonce: nil,
                scope: Scope("read") ?? .none,
                resources: [],
                claims: nil,
                epochs: epochs,
                authentication: .password(at: now),
                signIn: FamilySignIn(id: SignInID(rawValue: "s"), endsWithIt: false),
                signInEnd: now + .days(1),
                isSilent: false,
                origin: origin,
                usedFor: nil
            ).entry(key, until: now + .minutes(1))
        }
        world.wait { [storage = world.storage] in try await storage.inner.put(entry) }
        return (key, text)
    }

    // MARK: - What operators do

    private func deedStory(
        _ deed: LifePlan.Deed,
        _ policy: RotationPolicy?,
        _ server: AuthorizationServer
    ) -> Stage.Story {
        let client = world.client
        let user = world.template.account.username
        let families = ledger.families.keys.sorted()
        let family = families.isEmpty ? nil : random.pick(families)
        return {
            switch deed {
            case .endSession: if let family { _ = try await server.endSession(family) }
            case .endAllOfAccount: try await server.endSessions(ofAccount: user)
            case .endAllOfClient: try await server.endSessions(ofClient: client.id)
            case .disable: try await server.disableAccount(user)
            case .enable: try await server.enableAccount(user)
            case .newPassword: try await Self.setPassword(of: user, at: server)
            case .withdrawConsent: try await server.withdrawConsent(of: user, from: client.id)
            case .deleteAccount: try await server.deleteAccount(user)
            case .deleteClient: try await server.deleteClient(client.id)
            case .rotateSecret: _ = try await server.rotateClientSecret(client.id)
            case .otherPolicy:
                let metadata = client.metadata("refresh_token_policy", policy?.json)
                _ = try await server.updateClient(client.id, metadata: metadata)
            case .clientRevokes, .loginElsewhere, .tidy, .rollBack: break
            }
            return nil
        }
    }

    /// What a new password writes, without paying for its hash.
    private static func setPassword(
        of username: String,
        at server: AuthorizationServer
    ) async throws {
        let stored = try await server.account(named: username)
        try await server.save(
            [.update(stored, to: stored.value, epoch: server.newEpoch(.passwordChanged))],
            [.accountSessionsEnded(stored.value.id, reason: .passwordChanged)]
        )
    }
}

extension RotationPolicy {
    /// As a client's metadata says it.
    fileprivate var json: JSONValue? {
        var members = PolicyOverrides()
        members.rotation = rotation
        members.overlap = overlap
        members.idleLifetime = idleLifetime
        members.absoluteLifetime = absoluteLifetime
        members.maxSessions = maxSessions
        return members.json
    }
}

extension String {
    fileprivate func replacingCharacters(at place: Index, with character: Character) -> String {
        String(self[..<place]) + String(character) + String(self[index(after: place)...])
    }
}
