package import MartletProtocol

/// A key as the store holds it: sealed under a master key, or the salt that it derives with.
package enum KeyRecord: Sendable, Equatable {
    case signing(SigningKeyRecord)
    case derived(DerivedKeyRecord)
    case subject(SubjectKeyRecord)
}

/// A signing key, sealed, and when it signs.
package struct SigningKeyRecord: Sendable, Equatable {
    package let keyID: String
    package let algorithm: SignatureAlgorithm
    package let masterID: String
    package let sealed: [UInt8]
    /// Since when it is in the JWKS.
    package let publishedAt: Instant
    /// From when on it signs, until a later one does; `nil` while it waits for its turn.
    package var activeFrom: Instant?
}

/// A key derived from a master key.
package struct DerivedKeyRecord: Sendable, Equatable {
    package enum Purpose: String, Sendable {
        case refreshToken = "refresh token"
        case clientSecret = "client secret"
        /// What a browser is given to bring back: form tokens, and that this browser is known.
        case cookie = "cookie"
    }

    /// Unique among all derived keys of the store, whichever master they come from.
    package let id: UInt8
    package let purpose: Purpose
    package let masterID: String
    package let salt: [UInt8]
    package let activeFrom: Instant
}

/// The key that pairwise subjects are made with, sealed. There is one in a store, made once: with
/// another one every pairwise client would take every person for a stranger.
package struct SubjectKeyRecord: Sendable, Equatable {
    static let length = 32
    /// Under which it is sealed; signing keys are sealed under their thumbprints.
    static let name = "subject key"

    package let masterID: String
    package let sealed: [UInt8]
}

extension SubjectKeyRecord {
    /// The key, sealed under a master key.
    init(_ key: [UInt8], under master: MasterKey, nonce: [UInt8]) throws {
        self.init(
            masterID: master.id,
            sealed: try master.seal(key, name: Self.name, nonce: nonce)
        )
    }

    func opened(with masters: MasterKeys) throws(KeyRing.Unusable) -> [UInt8] {
        guard let master = masters[masterID] else { throw .unknownMasterKey }
        guard let key = try? master.open(sealed, name: Self.name), key.count == Self.length else {
            throw .damaged(Self.name)
        }
        return key
    }
}

extension KeyRecord: Record {
    package static let kind = RecordKind.key

    package var recordID: String {
        switch self {
        case .signing(let key): "signing \(key.keyID)"
        case .derived(let key): "derived \(key.id)"
        case .subject: "subject"
        }
    }

    package var body: JSONValue {
        switch self {
        case .signing(let key):
            [
                "use": "signing", "kid": .string(key.keyID),
                "algorithm": .string(key.algorithm.rawValue),
                "master": .string(key.masterID),
                "sealed": .string(Base64URL.encode(key.sealed)),
                "published_at": .integer(key.publishedAt.microseconds),
                "active_from": key.activeFrom.map { .integer($0.microseconds) } ?? .null,
            ]
        case .derived(let key):
            [
                "use": "derived", "id": .integer(Int64(key.id)),
                "purpose": .string(key.purpose.rawValue), "master": .string(key.masterID),
                "salt": .string(Base64URL.encode(key.salt)),
                "active_from": .integer(key.activeFrom.microseconds),
            ]
        case .subject(let key):
            [
                "use": "subject", "master": .string(key.masterID),
                "sealed": .string(Base64URL.encode(key.sealed)),
            ]
        }
    }

    package init(recordID: String, body: RecordBody) throws(StorageError) {
        switch try body.string("use") {
        case "signing":
            self = .signing(
                SigningKeyRecord(
                    keyID: try body.string("kid"),
                    algorithm: try body.choice("algorithm", as: SignatureAlgorithm.self),
                    masterID: try body.string("master"),
                    sealed: try body.bytes("sealed"),
                    publishedAt: try body.instant("published_at"),
                    activeFrom: body.value("active_from")?.integer
                        .map(Instant.init(microseconds:))
                )
            )
        case "derived":
            guard let id = UInt8(exactly: try body.integer("id")) else {
                throw .corrupt("\(recordID) has no valid id")
            }
            self = .derived(
                DerivedKeyRecord(
                    id: id,
                    purpose: try body.choice("purpose", as: DerivedKeyRecord.Purpose.self),
                    masterID: try body.string("master"),
                    salt: try body.bytes("salt"),
                    activeFrom: try body.instant("active_from")
                )
            )
        case "subject":
            self = .subject(
                SubjectKeyRecord(
                    masterID: try body.string("master"),
                    sealed: try body.bytes("sealed")
                )
            )
        default: throw .corrupt("\(recordID) is no key that this version knows")
        }
    }
}
