import CArgon2
import Dispatch
package import MartletProtocol
import Synchronization

/// A password as it is stored: Argon2id in its PHC string form, or another ``PasswordScheme`` until
/// the first login after its import. It prints as `<redacted>`, since a hash is a thing to guess
/// against.
package struct PasswordHash: Sendable, Equatable, CustomStringConvertible {
    package let encoded: String

    package init(encoded: String) {
        self.encoded = encoded
    }

    /// A hash that was made elsewhere.
    ///
    /// - Throws: ``AdministrationError`` if it is none that can be verified here, or if that would
    ///   take too much.
    package init(importing text: String) throws(AdministrationError) {
        do throws(PasswordScheme.Refusal) {
            _ = try PasswordScheme(text)
        } catch {
            switch error {
            case .unreadable: throw Self.unreadable
            case .tooCostly: throw Self.tooCostly
            }
        }
        encoded = text
    }

    static let unreadable = AdministrationError(
        "This is no password hash that Martlet reads; it reads Argon2 ($argon2id$…), bcrypt "
            + "($2b$…), scrypt ($scrypt$ln=…, $7$…) and PBKDF2 ($pbkdf2-sha256$…, "
            + "pbkdf2_sha256$…)."
    )
    static let tooCostly = AdministrationError(
        "Verifying this password hash would take more time or memory than a login may; import one "
            + "with lower costs, or give the user a new password."
    )

    /// Whether the password should be hashed anew as soon as somebody shows it.
    var isOutdated: Bool {
        (try? PasswordScheme(encoded))?.isOurs == false
    }

    package var description: String { "<redacted>" }
}

/// Hashes and verifies passwords with Argon2id, on threads of its own so that no event loop waits.
///
/// Few at a time, because each takes 19 MiB and tens of milliseconds of a core, and with a bounded
/// queue: what does not fit is refused at once.
package final class PasswordHasher: Sendable {
    /// OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane.
    static let memoryKiB: UInt32 = 19_456
    static let passes: UInt32 = 2
    static let lanes: UInt32 = 1
    static let saltLength = 16
    static let hashLength = 32
    /// Longer ones are refused before they are hashed.
    package static let maximumPassword = 1024
    /// How many wait or run; at 50 ms each and two at a time, the last waits 1.6 seconds.
    static let maximumWaiting = 64

    /// What there is to do, for whoever measures.
    package struct Load: Sendable, Equatable {
        package var running = 0
        package var waiting = 0
    }

    private struct State {
        var load = Load()
        var next = 0
    }

    private let threads: [DispatchQueue]
    private let state = Mutex(State())

    /// - Parameter atOnce: how many run beside each other, so that a share of the cores is left to
    ///   refreshes.
    package init(atOnce: Int = 2) {
        threads = (0..<max(1, atOnce)).map { DispatchQueue(label: "martlet.passwords.\($0)") }
    }

    package var load: Load { state.withLock { $0.load } }

    /// Argon2id of a password under this salt.
    package func hash(
        _ password: Secret,
        salt: [UInt8]
    ) async throws(StorageError) -> PasswordHash {
        precondition(salt.count == Self.saltLength)
        return try await run { Self.argon2id(password, salt: salt) }
    }

    /// Whether this is the password. With no hash at hand it takes the same time to say no, so
    /// that an unknown user cannot be told from a wrong password.
    package func verify(_ password: Secret, against hash: PasswordHash?) async throws(StorageError)
        -> Bool
    {
        guard password.bytes.count <= Self.maximumPassword else { return false }
        return try await run {
            guard let hash, let scheme = try? PasswordScheme(hash.encoded) else {
                _ = Self.argon2id(password, salt: Array(repeating: 0, count: Self.saltLength))
                return false
            }
            return scheme.matches(password)
        }
    }

    private func run<Result: Sendable>(
        _ work: @escaping @Sendable () -> Result
    ) async throws(StorageError) -> Result {
        let thread = state.withLock { state -> DispatchQueue? in
            guard state.load.running + state.load.waiting < Self.maximumWaiting else { return nil }
            state.load.waiting += 1
            state.next = (state.next + 1) % threads.count
            return threads[state.next]
        }
        guard let thread else { throw .overloaded }
        return await withCheckedContinuation { continuation in
            thread.async { [self] in
                state.withLock { state in
                    state.load.waiting -= 1
                    state.load.running += 1
                }
                let result = work()
                state.withLock { $0.load.running -= 1 }
                continuation.resume(returning: result)
            }
        }
    }

    private static func argon2id(_ password: Secret, salt: [UInt8]) -> PasswordHash {
        let length = argon2_encodedlen(
            passes,
            memoryKiB,
            lanes,
            UInt32(saltLength),
            UInt32(hashLength),
            Argon2_id
        )
        var encoded = [CChar](repeating: 0, count: length)
        let status = password.bytes.withUnsafeBytes { bytes in
            argon2id_hash_encoded(
                passes,
                memoryKiB,
                lanes,
                bytes.baseAddress,
                bytes.count,
                salt,
                salt.count,
                hashLength,
                &encoded,
                length
            )
        }
        precondition(status == ARGON2_OK.rawValue, "Argon2 refused its parameters")
        return PasswordHash(
            encoded: String(
                decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
                as: UTF8.self
            )
        )
    }
}
