package import Crypto
package import MartletProtocol

/// The key that everything else is sealed under or derived from. It lives outside the store.
package struct MasterKey: Sendable {
    package static let length = 32

    /// Tells masters apart without telling anything of them.
    package let id: String
    private let key: SymmetricKey

    /// - Returns: `nil` unless there are ``length`` bytes.
    package init?(_ secret: Secret) {
        guard secret.bytes.count == Self.length else { return nil }
        key = SymmetricKey(data: secret.bytes)
        let id = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key,
            info: Array("martlet master key id".utf8),
            outputByteCount: 8
        )
        self.id = Base64URL.encode(id.withUnsafeBytes(Array.init))
    }

    /// A key for one purpose (HKDF, RFC 5869); the salt is stored, the key never.
    package func derive(_ purpose: String, salt: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key,
            salt: salt,
            info: Array("martlet \(purpose)".utf8),
            outputByteCount: 32
        )
    }

    /// Encrypts a signing key for the store (AES-256-GCM); `name` is authenticated with it, so
    /// that sealed keys cannot be swapped. `nonce` is 12 random bytes.
    func seal(_ secret: [UInt8], name: String, nonce: [UInt8]) throws -> [UInt8] {
        let box = try AES.GCM.seal(
            secret,
            using: derive("signing key", salt: []),
            nonce: AES.GCM.Nonce(data: nonce),
            authenticating: Array(name.utf8)
        )
        return nonce + Array(box.ciphertext) + Array(box.tag)
    }

    /// Reverses ``seal(_:name:nonce:)``.
    func open(_ sealed: [UInt8], name: String) throws -> [UInt8] {
        let box = try AES.GCM.SealedBox(combined: sealed)
        return Array(
            try AES.GCM.open(
                box,
                using: derive("signing key", salt: []),
                authenticating: Array(name.utf8)
            )
        )
    }
}

/// The master key in use and those before it, whose keys stay readable.
package struct MasterKeys: Sendable {
    package let current: MasterKey
    private let previous: [MasterKey]

    package init(current: MasterKey, previous: [MasterKey] = []) {
        self.current = current
        self.previous = previous
    }

    package subscript(id: String) -> MasterKey? {
        current.id == id ? current : previous.first { $0.id == id }
    }
}
