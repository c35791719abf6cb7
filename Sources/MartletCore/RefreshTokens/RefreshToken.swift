import Crypto
package import MartletProtocol

/// Which refresh key tags a family's tokens; unique across master keys.
package struct RefreshKeyID: Sendable, Hashable, CustomStringConvertible {
    package let value: UInt8

    package init(_ value: UInt8) {
        self.value = value
    }

    package var description: String { String(value) }
}

/// A refresh token: the family, which of its tokens this is, and the proof that Martlet issued it.
///
///     "mrt_" + base64url( version 1 B | key id 1 B | family id 8 B | generation 4 B big-endian
///                         | family secret 16 B | tag 16 B )
///     tag = HMAC-SHA256(refresh key [key id], everything before it), first 16 bytes
///
/// The tag is verified before any storage is touched, so a guessed or altered token reaches
/// nothing. The family secret is what makes database and master key together not enough to mint
/// a token: the store holds only its hash. A token's successor follows from it, so asking twice
/// gives the same string.
package struct RefreshToken: Sendable, Equatable, CustomStringConvertible {
    package static let prefix = "mrt_"
    static let version: UInt8 = 1
    package static let secretLength = 16
    static let tagLength = 16
    static let bodyLength = 1 + 1 + 8 + 4 + secretLength
    /// 46 bytes as base64url.
    static let encodedLength = 62

    package let key: RefreshKeyID
    package let family: FamilyID
    package let generation: Generation
    package let secret: Secret

    package init(key: RefreshKeyID, family: FamilyID, generation: Generation, secret: Secret) {
        precondition(secret.bytes.count == Self.secretLength)
        self.key = key
        self.family = family
        self.generation = generation
        self.secret = secret
    }

    /// The same family's token of another generation.
    package func with(generation: Generation) -> RefreshToken {
        RefreshToken(key: key, family: family, generation: generation, secret: secret)
    }

    /// What the authorized record stores of the family secret.
    package var secretHash: [UInt8] { Array(SHA256.hash(data: secret.bytes)) }

    /// Whether this token's secret is the one that the authorized record stores the hash of.
    package func matches(_ authorized: AuthorizedFamily) -> Bool {
        guard let stored = authorized.secretHash, authorized.refreshKey == key else { return false }
        return constantTimeEqual(secretHash, stored)
    }

    package var description: String {
        "refresh token, generation \(generation) of \(family)"
    }
}

// MARK: - The string

extension RefreshToken {
    /// The string that the client gets.
    package func encoded(with keys: RefreshKeys) -> String? {
        guard let key = keys[key] else { return nil }
        let body = body
        return Self.prefix + Base64URL.encode(body + Self.tag(of: body, with: key))
    }

    /// What a presented string turned out to be.
    package enum Presented: Sendable, Equatable {
        /// Not a refresh token of this format, or its tag does not verify. Whoever sends it learns
        /// no more than that.
        case invalid
        /// The key that it names is not known here: dropped, or newer than what this server read.
        case unknownKey(RefreshKeyID)
        /// Martlet issued it.
        case issued(RefreshToken)
    }

    /// Reads a presented string: format, key, tag, in that order, touching no storage. Only the
    /// canonical encoding is accepted, so a token has one spelling.
    package static func read(_ text: String, with keys: RefreshKeys) -> Presented {
        let utf8 = text.utf8
        guard utf8.count == prefix.utf8.count + encodedLength, utf8.starts(with: prefix.utf8),
            let bytes = decoded(text),
            bytes.count == bodyLength + tagLength, bytes[0] == version
        else { return .invalid }
        let keyID = RefreshKeyID(bytes[1])
        guard let key = keys[keyID] else { return .unknownKey(keyID) }
        let body = Array(bytes[..<bodyLength])
        guard constantTimeEqual(Array(tag(of: body, with: key)), Array(bytes[bodyLength...])),
            let token = RefreshToken(verifiedBody: body)
        else { return .invalid }
        return .issued(token)
    }

    private static func decoded(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { utf8 in
            Base64URL.decode(UnsafeRawBufferPointer(.init(rebasing: utf8[prefix.utf8.count...])))
        }
    }

    private var body: [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(Self.bodyLength + Self.tagLength)
        body.append(Self.version)
        body.append(key.value)
        for shift in stride(from: 56, through: 0, by: -8) {
            body.append(UInt8(truncatingIfNeeded: family.value >> Int64(shift)))
        }
        for shift in stride(from: 24, through: 0, by: -8) {
            body.append(UInt8(truncatingIfNeeded: generation.value >> UInt32(shift)))
        }
        body.append(contentsOf: secret.bytes)
        return body
    }

    private init?(verifiedBody body: [UInt8]) {
        let id = body[2..<10].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let family = FamilyID(Int64(bitPattern: id)) else { return nil }
        self.key = RefreshKeyID(body[1])
        self.family = family
        self.generation = Generation(body[10..<14].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        self.secret = Secret(Array(body[14..<30]))
    }

    private static func tag(of body: [UInt8], with key: AuthenticationKey) -> ArraySlice<UInt8> {
        key.code(of: body).prefix(tagLength)
    }
}

/// The keys that refresh tokens are tagged with, by the id that each token names.
package struct RefreshKeys: Sendable {
    private let keys: [UInt8: AuthenticationKey]

    package init(_ keys: [RefreshKeyID: AuthenticationKey]) {
        self.keys = Dictionary(uniqueKeysWithValues: keys.map { ($0.key.value, $0.value) })
    }

    subscript(id: RefreshKeyID) -> AuthenticationKey? { keys[id.value] }

    /// Whether a token of this key can still verify.
    package func contains(_ id: RefreshKeyID) -> Bool { keys[id.value] != nil }
}
