package import MartletProtocol

/// What a device is told when it begins (RFC 8628 §3.2).
package struct DeviceAuthorization: Sendable {
    package let deviceCode: Secret
    package let userCode: UserCode
    package let verificationURI: String
    /// Seconds.
    package let expiresIn: Int64
    /// Seconds between two polls.
    package let interval: Int64

    /// The page, with the code typed in already.
    package var completeURI: String { "\(verificationURI)?\(WireName.userCode)=\(userCode.shown)" }

    /// The body.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { body in
            body.member(WireName.deviceCode, String(decoding: deviceCode.bytes, as: UTF8.self))
            body.member(WireName.userCode, userCode.shown)
            body.member(WireName.verificationURI, verificationURI)
            body.member(WireName.verificationURIComplete, completeURI)
            body.member(WireName.expiresIn, expiresIn)
            body.member(WireName.interval, interval)
        }
        return writer.bytes
    }
}

/// More devices begin than this server keeps at a time, from this address or in all.
package struct DevicesLimited: Error, Equatable {
    package let retryAfter: Duration
}

extension AuthorizationServer {
    /// How often a code that is taken is drawn anew. With as many codes alive as there can be, one
    /// in a million is taken.
    static let maximumUserCodeDraws = 8
    /// Where the page for the code lies, below the issuer.
    package static let devicePath = "/device"

    /// The device authorization endpoint (RFC 8628 §3.1): a device begins, and is told what to
    /// show.
    ///
    /// - Throws: ``OAuthError`` for the client, ``DevicesLimited``, ``StorageError`` if the store
    ///   cannot do it now.
    package func authorizeDevice(_ request: TokenRequest) async throws -> DeviceAuthorization {
        try await directory.consultCurrent { snapshot in
            let (client, _) = try await authenticate(
                try request.presentedClient(),
                from: request.origin,
                in: snapshot
            )
            try client.require(.deviceCode)
            let scope = try AuthorizationRequest.requestedScope(request.parameters, client: client)
            let resources = try AuthorizationRequest.requestedResources(
                request.parameters,
                metadata: client.metadata,
                known: snapshot.resources
            )
            if let wait = devices.begin(from: request.origin.address, at: request.arrived) {
                notice(.devicesLimited)
                throw DevicesLimited(retryAfter: wait)
            }
            return try await begin(
                of: client,
                scope: scope,
                resources: resources,
                origin: request.origin,
                until: request.arrived + settings.lifetimes.deviceCode
            )
        }
    }

    private func begin(
        of client: Client,
        scope: Scope,
        resources: [ResourceID],
        origin: Origin,
        until end: Instant
    ) async throws(StorageError) -> DeviceAuthorization {
        let text = DeviceCode.makeText(in: surroundings)
        let key = DeviceCode.key(text)
        for _ in 0..<Self.maximumUserCodeDraws {
            let code = DeviceCode(
                client: client.id,
                userCode: UserCode(in: surroundings),
                scope: scope,
                resources: resources,
                origin: origin,
                end: end,
                status: .pending
            )
            guard try await keep(code, under: key) else { continue }
            return DeviceAuthorization(
                deviceCode: text,
                userCode: code.userCode,
                verificationURI: settings.issuer + Self.devicePath,
                expiresIn: settings.lifetimes.deviceCode.wholeSeconds,
                interval: settings.lifetimes.deviceInterval.wholeSeconds
            )
        }
        throw .unavailable("no free user code was drawn")
    }

    /// Remembers a code and what the person types for it, both or neither; whether what the person
    /// types was free.
    private func keep(_ code: DeviceCode, under key: OneTimeKey) async throws(StorageError) -> Bool
    {
        let entry = code.entry(key)
        let body: JSONValue = ["leads_to": .string(key.id)]
        let way = OneTimeEntry(
            key: code.userCode.key,
            expiresAt: code.end,
            body: body.encoded()
        )
        return try await storage.change(way.key) { taken, _ -> OneTimeChange<Bool> in
            guard taken == nil else { return OneTimeChange(answer: false) }
            return OneTimeChange(.put(way), writes: [.remember(entry)], answer: true)
        }
    }
}
