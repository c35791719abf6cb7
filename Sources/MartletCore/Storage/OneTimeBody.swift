import MartletProtocol

/// What entries of a ``OneTimeStore`` have in common: how a request came, and how somebody signed in.
extension RecordBody {
    init(_ entry: OneTimeEntry) throws(StorageError) {
        do {
            self.init(
                try JSONValue(parsing: entry.body),
                of: "\(entry.key.kind.rawValue) \(entry.key.id)"
            )
        } catch {
            throw .corrupt("\(entry.key.kind.rawValue) \(entry.key.id): \(error)")
        }
    }

    func authentication(_ name: String) throws(StorageError) -> Authentication {
        let body = try object(name)
        return Authentication(
            time: try body.instant("time"),
            contextClass: body.value("acr")?.string,
            methods: try body.strings("amr")
        )
    }

    func origin(_ name: String) throws(StorageError) -> Origin {
        let body = try object(name)
        return Origin(
            address: try body.string("address"),
            userAgent: try body.string("user_agent")
        )
    }

    func epochs(_ name: String) throws(StorageError) -> FamilyEpochs {
        let body = try object(name)
        return FamilyEpochs(
            account: try body.integer("account"),
            client: try body.integer("client"),
            consent: try body.integer("consent")
        )
    }

    func scope(_ name: String) throws(StorageError) -> Scope {
        guard let scope = Scope(try string(name)) else { throw missing(name) }
        return scope
    }
}

extension Authentication {
    var body: JSONValue {
        [
            "time": .integer(time.microseconds),
            "acr": contextClass.map { .string($0) } ?? .null,
            "amr": .array(methods.map { .string($0) }),
        ]
    }
}

extension Origin {
    var body: JSONValue {
        ["address": .string(address), "user_agent": .string(userAgent)]
    }
}

extension FamilyEpochs {
    var body: JSONValue {
        [
            "account": .integer(account), "client": .integer(client),
            "consent": .integer(consent),
        ]
    }
}
