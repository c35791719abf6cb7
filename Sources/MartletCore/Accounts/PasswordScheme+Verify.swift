import CArgon2
import CCrypt
import Crypto
import CryptoExtras
import MartletProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension PasswordScheme {
    /// Whether this is the password. Takes as long as the scheme's parameters say, up to a second
    /// or so: never on an event loop.
    func matches(_ password: Secret) -> Bool {
        switch self {
        case .argon2(let argon2, let encoded):
            return password.bytes.withUnsafeBytes { bytes in
                argon2_verify(encoded, bytes.baseAddress, bytes.count, argon2.kind.type)
                    == ARGON2_OK.rawValue
            }
        case .crypt(let encoded, let maximum):
            return Self.matches(password, crypt: encoded, upTo: maximum)
        case .scrypt(let scrypt, let salt, let hash):
            let key = try? KDF.Scrypt.deriveKey(
                from: password.bytes,
                salt: salt,
                outputByteCount: hash.bytes.count,
                rounds: scrypt.rounds,
                blockSize: scrypt.blockSize,
                parallelism: scrypt.parallelism
            )
            return key.map { Self.isKey($0, hash) } ?? false
        case .pbkdf2(let pbkdf2, let salt, let hash):
            let key = try? KDF.Insecure.PBKDF2.deriveKey(
                from: password.bytes,
                salt: salt,
                using: pbkdf2.function.hashFunction,
                outputByteCount: hash.bytes.count,
                unsafeUncheckedRounds: pbkdf2.rounds
            )
            return key.map { Self.isKey($0, hash) } ?? false
        }
    }

    private static func isKey(_ key: SymmetricKey, _ hash: Secret) -> Bool {
        Secret(key.withUnsafeBytes { Array($0) }) == hash
    }

    /// crypt(3) ends a password at its first NUL, so one that has any is not what was hashed.
    private static func matches(_ password: Secret, crypt encoded: String, upTo maximum: Int)
        -> Bool
    {
        var phrase = Array(password.bytes.prefix(maximum))
        guard !phrase.contains(0) else { return false }
        phrase.append(0)
        var work: UnsafeMutableRawPointer?
        var size: Int32 = 0
        defer { free(work) }
        let result = phrase.withUnsafeBytes { bytes -> [UInt8]? in
            let text = bytes.assumingMemoryBound(to: CChar.self).baseAddress
            guard let made = crypt_ra(text, encoded, &work, &size) else { return nil }
            return Array(UnsafeRawBufferPointer(start: made, count: strlen(made)))
        }
        return result.map { Secret($0) == Secret(encoded) } ?? false
    }
}

extension PasswordScheme.Argon2.Kind {
    fileprivate var type: argon2_type {
        switch self {
        case .i: Argon2_i
        case .d: Argon2_d
        case .id: Argon2_id
        }
    }
}

extension PasswordScheme.PBKDF2.Function {
    fileprivate var hashFunction: KDF.Insecure.PBKDF2.HashFunction {
        switch self {
        case .sha1: .insecureSHA1
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }
}
