import MartletProtocol

@testable import MartletCore

extension Harness {
    /// The text of a password hash that an import brings along. Nothing is computed here: what it
    /// would cost is the question.
    static let passwordHash = Harness(name: "password-hash") { bytes in
        guard let scheme = try? PasswordScheme(bytes.text) else { return }
        switch scheme {
        case .argon2(let argon2, let encoded):
            try require(try PasswordScheme(encoded) == scheme, "it comes back the same")
            try require(
                argon2.memoryKiB <= PasswordScheme.maximumMemoryKiB
                    && argon2.memoryKiB * argon2.passes <= PasswordScheme.maximumArgon2Work
                    && 1...PasswordScheme.maximumLanes ~= argon2.lanes,
                "its cost is bounded"
            )
        case .crypt(let encoded, let longest):
            try require(try PasswordScheme(encoded) == scheme, "it comes back the same")
            try require(longest <= PasswordScheme.cryptPassword, "it takes what crypt takes")
        case .scrypt(let scrypt, let salt, let hash):
            let memoryKiB = scrypt.rounds * scrypt.blockSize / 8
            try require(
                memoryKiB <= PasswordScheme.maximumMemoryKiB
                    && memoryKiB * scrypt.parallelism <= PasswordScheme.maximumScryptWorkKiB,
                "its cost is bounded"
            )
            try require(
                PasswordScheme.saltLengths ~= salt.count
                    && PasswordScheme.hashLengths ~= hash.bytes.count,
                "salt and hash have a possible length"
            )
        case .pbkdf2(let pbkdf2, let salt, let hash):
            try require(
                1...PasswordScheme.maximumPBKDF2Rounds ~= pbkdf2.rounds
                    && PasswordScheme.saltLengths ~= salt.count
                    && PasswordScheme.hashLengths ~= hash.bytes.count,
                "its cost is bounded, and salt and hash have a possible length"
            )
        }
    }
}
