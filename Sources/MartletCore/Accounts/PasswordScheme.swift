import MartletProtocol

/// How a stored password was hashed, read from its text: Martlet's own Argon2id, or what an import
/// brought along.
///
/// | scheme | text |
/// | --- | --- |
/// | Argon2 | `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, also `argon2i` and `argon2d` (PHC), with Django's `argon2` before it |
/// | bcrypt | `$2b$12$…`, also `$2a$` and `$2y$` |
/// | scrypt | `$scrypt$ln=…,r=…,p=…$salt$hash`, `$7$…` of crypt(3), `scrypt$N$salt$r$p$hash` of Django |
/// | PBKDF2 | `$pbkdf2-sha256$rounds$salt$hash` of passlib, `pbkdf2_sha256$rounds$salt$hash` of Django; SHA-1 and SHA-512 alike |
///
/// What it costs to verify is bounded here, for every hash that comes in and every one that is
/// stored: a few hundred megabytes for a second or so. A stranger who makes an attempt at a login
/// has it computed, and a hash from an import may be hostile.
enum PasswordScheme: Sendable, Equatable {
    /// The text as libargon2 reads it.
    case argon2(Argon2, encoded: String)
    /// bcrypt, which looks at 72 bytes of a password, or crypt(3)'s own scrypt, which looks at all.
    case crypt(encoded: String, maximumPassword: Int)
    case scrypt(Scrypt, salt: [UInt8], hash: Secret)
    case pbkdf2(PBKDF2, salt: [UInt8], hash: Secret)

    struct Argon2: Sendable, Equatable {
        let kind: Kind
        let version: Int
        let memoryKiB: Int
        let passes: Int
        let lanes: Int

        enum Kind: String, Sendable {
            case i = "argon2i"
            case d = "argon2d"
            case id = "argon2id"
        }
    }

    struct Scrypt: Sendable, Equatable {
        let rounds: Int
        let blockSize: Int
        let parallelism: Int
    }

    struct PBKDF2: Sendable, Equatable {
        let function: Function
        let rounds: Int

        enum Function: String, Sendable, CaseIterable {
            case sha1
            case sha256
            case sha512
        }
    }

    /// Why a text is not accepted as a hash.
    enum Refusal: Error, Equatable {
        case unreadable
        case tooCostly
    }

    /// No scheme's text is longer; a stored record is read at every login.
    static let maximumText = 512
    static let saltLengths = 1...64
    /// Shorter hashes are matched by other passwords too.
    static let hashLengths = 16...64
    /// A quarter of a gigabyte, twice at once: `RFC 9106`'s second recommendation, OWASP's for scrypt
    /// and the defaults of the common libraries take at most half of it.
    static let maximumMemoryKiB = 262_144
    /// Argon2 fills its memory once for each pass; this takes about a second.
    static let maximumArgon2Work = 1_048_576
    /// libargon2 starts a thread for each.
    static let maximumLanes = 16
    /// 2¹⁴ rounds take three quarters of a second.
    static let bcryptCosts = 4...14
    static let bcryptPassword = 72
    /// The longest that crypt(3) takes.
    static let cryptPassword = 512
    /// scrypt fills its memory once for each p; this takes about a second.
    static let maximumScryptWorkKiB = 524_288
    /// Of SHA-512; Django's default of 2026 is less than half of it.
    static let maximumPBKDF2Rounds = 3_000_000

    init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= Self.maximumText,
            text.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
        else { throw .unreadable }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        switch parts.first {
        case "": self = try Self.modular(parts, text)
        case "argon2" where parts.count > 1:
            self = try Self.argon2(["", parts[1]] + parts.dropFirst(2))
        case "scrypt": self = try Self.djangoScrypt(parts)
        case .some(let name): self = try Self.djangoPBKDF2(name, parts)
        case nil: throw .unreadable
        }
    }

    /// `$name$…`, the modular crypt format and its descendant from the Password Hashing
    /// Competition.
    private static func modular(
        _ parts: [String],
        _ text: String
    ) throws(Refusal) -> PasswordScheme {
        guard parts.count > 2 else { throw .unreadable }
        switch parts[1] {
        case "argon2i", "argon2d", "argon2id": return try argon2(parts)
        case "2a", "2b", "2y": return try bcrypt(parts, text)
        case "7": return try cryptScrypt(parts, text)
        case "scrypt": return try scrypt(parts)
        case "pbkdf2": return try pbkdf2(.sha1, parts)
        case "pbkdf2-sha256": return try pbkdf2(.sha256, parts)
        case "pbkdf2-sha512": return try pbkdf2(.sha512, parts)
        default: throw .unreadable
        }
    }
}

// MARK: - Argon2

extension PasswordScheme {
    /// Whether there is nothing to gain from hashing the password again: Argon2id, and at least as
    /// costly as Martlet's own.
    var isOurs: Bool {
        switch self {
        case .argon2(let argon2, _):
            argon2.kind == .id && argon2.version == Argon2.newest
                && argon2.memoryKiB >= Int(PasswordHasher.memoryKiB)
                && argon2.passes >= Int(PasswordHasher.passes)
        case .crypt, .scrypt, .pbkdf2: false
        }
    }

    private static func argon2(_ parts: [String]) throws(Refusal) -> PasswordScheme {
        // Hashes of libargon2 before 2016 name no version.
        let named = parts.count == 6
        guard named || parts.count == 5, let kind = Argon2.Kind(rawValue: parts[1]),
            let version = named ? numbers(parts[2], ["v"])?[0] : Argon2.oldest,
            [Argon2.oldest, Argon2.newest].contains(version),
            let costs = numbers(parts[parts.count - 3], ["m", "t", "p"]),
            let salt = base64(parts[parts.count - 2]), 8...saltLengths.upperBound ~= salt.count,
            let hash = base64(parts[parts.count - 1]), hashLengths.contains(hash.count)
        else { throw .unreadable }
        let argon2 = Argon2(
            kind: kind,
            version: version,
            memoryKiB: costs[0],
            passes: costs[1],
            lanes: costs[2]
        )
        guard argon2.lanes > 0, argon2.passes > 0, argon2.memoryKiB >= 8 * argon2.lanes else {
            throw .unreadable
        }
        guard argon2.lanes <= maximumLanes, argon2.memoryKiB <= maximumMemoryKiB,
            argon2.passes <= maximumArgon2Work / argon2.memoryKiB
        else { throw .tooCostly }
        return .argon2(argon2, encoded: parts.joined(separator: "$"))
    }
}

extension PasswordScheme.Argon2 {
    static let oldest = 0x10
    static let newest = 0x13
}

// MARK: - crypt(3)

extension PasswordScheme {
    private static let cryptAlphabet = Array(
        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8
    )

    private static func isCrypt(_ text: String) -> Bool {
        text.utf8.allSatisfy(cryptAlphabet.contains)
    }

    private static func bcrypt(
        _ parts: [String],
        _ text: String
    ) throws(Refusal) -> PasswordScheme {
        guard parts.count == 4, parts[2].utf8.count == 2, let cost = Int(parts[2]),
            parts[3].utf8.count == 53, isCrypt(parts[3]), cost >= bcryptCosts.lowerBound
        else { throw .unreadable }
        guard cost <= bcryptCosts.upperBound else { throw .tooCostly }
        return .crypt(encoded: text, maximumPassword: bcryptPassword)
    }

    /// `$7$`, then log2 N as one character, r and p as five each, the salt, and the hash.
    private static func cryptScrypt(
        _ parts: [String],
        _ text: String
    ) throws(Refusal) -> PasswordScheme {
        let costs = Array((parts.count > 2 ? parts[2] : "").utf8)
        guard parts.count == 4, parts[3].utf8.count == 43, isCrypt(parts[2]), isCrypt(parts[3]),
            saltLengths.contains(costs.count - 11)
        else { throw .unreadable }
        func number(_ digits: ArraySlice<UInt8>) -> Int {
            digits.reversed().reduce(0) { $0 << 6 | (cryptAlphabet.firstIndex(of: $1) ?? 0) }
        }
        _ = try Scrypt(
            log2Rounds: number(costs[0..<1]),
            blockSize: number(costs[1..<6]),
            parallelism: number(costs[6..<11])
        )
        return .crypt(encoded: text, maximumPassword: cryptPassword)
    }
}

// MARK: - scrypt

extension PasswordScheme {
    private static func scrypt(_ parts: [String]) throws(Refusal) -> PasswordScheme {
        guard parts.count == 5, let costs = numbers(parts[2], ["ln", "r", "p"]) else {
            throw .unreadable
        }
        return .scrypt(
            try Scrypt(log2Rounds: costs[0], blockSize: costs[1], parallelism: costs[2]),
            salt: try salt(base64(parts[3])),
            hash: try hash(base64(parts[4]))
        )
    }

    private static func djangoScrypt(_ parts: [String]) throws(Refusal) -> PasswordScheme {
        guard parts.count == 6, let rounds = number(parts[1]), rounds > 1,
            rounds & (rounds - 1) == 0, let blockSize = number(parts[3]),
            let parallelism = number(parts[4])
        else { throw .unreadable }
        return .scrypt(
            try Scrypt(
                log2Rounds: rounds.trailingZeroBitCount,
                blockSize: blockSize,
                parallelism: parallelism
            ),
            salt: try salt(Array(parts[2].utf8)),
            hash: try hash(base64(parts[5]))
        )
    }
}

extension PasswordScheme.Scrypt {
    fileprivate init(
        log2Rounds: Int,
        blockSize: Int,
        parallelism: Int
    ) throws(PasswordScheme.Refusal) {
        guard 1...63 ~= log2Rounds, blockSize > 0, parallelism > 0 else { throw .unreadable }
        // 128 · N · r bytes, p times; in this order nothing overflows.
        guard log2Rounds <= 24, blockSize <= (PasswordScheme.maximumMemoryKiB * 8) >> log2Rounds,
            parallelism
                <= PasswordScheme.maximumScryptWorkKiB * 8 / (blockSize << log2Rounds)
        else { throw .tooCostly }
        rounds = 1 << log2Rounds
        self.blockSize = blockSize
        self.parallelism = parallelism
    }
}

// MARK: - PBKDF2

extension PasswordScheme {
    private static func pbkdf2(
        _ function: PBKDF2.Function,
        _ parts: [String]
    ) throws(Refusal) -> PasswordScheme {
        guard parts.count == 5 else { throw .unreadable }
        return try pbkdf2(
            function,
            rounds: parts[2],
            salt: base64(parts[3]),
            hash: base64(parts[4])
        )
    }

    private static func djangoPBKDF2(
        _ name: String,
        _ parts: [String]
    ) throws(Refusal) -> PasswordScheme {
        let function = PBKDF2.Function.allCases.first { "pbkdf2_\($0.rawValue)" == name }
        guard let function, parts.count == 4 else { throw .unreadable }
        return try pbkdf2(
            function,
            rounds: parts[1],
            salt: Array(parts[2].utf8),
            hash: base64(parts[3])
        )
    }

    private static func pbkdf2(
        _ function: PBKDF2.Function,
        rounds: String,
        salt: [UInt8]?,
        hash: [UInt8]?
    ) throws(Refusal) -> PasswordScheme {
        guard let rounds = number(rounds), rounds > 0 else { throw .unreadable }
        let salt = try Self.salt(salt)
        let hash = try Self.hash(hash)
        // The rounds are run for each block of the function's own length.
        let blocks = (hash.bytes.count + function.length - 1) / function.length
        guard rounds <= maximumPBKDF2Rounds / blocks else { throw .tooCostly }
        return .pbkdf2(PBKDF2(function: function, rounds: rounds), salt: salt, hash: hash)
    }
}

extension PasswordScheme.PBKDF2.Function {
    fileprivate var length: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }
}

// MARK: - Pieces

extension PasswordScheme {
    private static func salt(_ bytes: [UInt8]?) throws(Refusal) -> [UInt8] {
        guard let bytes, saltLengths.contains(bytes.count) else { throw .unreadable }
        return bytes
    }

    private static func hash(_ bytes: [UInt8]?) throws(Refusal) -> Secret {
        guard let bytes, hashLengths.contains(bytes.count) else { throw .unreadable }
        return Secret(bytes)
    }

    /// A whole number without sign and leading zeros, small enough to reckon with.
    private static func number(_ text: some StringProtocol) -> Int? {
        guard 1...10 ~= text.utf8.count, text.utf8.first != UInt8(ascii: "0"),
            text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return Int(text)
    }

    /// `m=65536,t=3,p=4`: these names, in this order.
    private static func numbers(_ text: String, _ names: [String]) -> [Int]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == names.count else { return nil }
        var numbers: [Int] = []
        for (part, name) in zip(parts, names) {
            guard part.hasPrefix(name + "="), let number = number(part.dropFirst(name.count + 1))
            else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    /// Base64 (RFC 4648 §4) with or without padding, and passlib's, which has `.` instead of `+`.
    private static func base64(_ text: String) -> [UInt8]? {
        var digits = Array(text.utf8)
        if digits.count.isMultiple(of: 4) {
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        for index in digits.indices {
            switch digits[index] {
            case UInt8(ascii: "+"), UInt8(ascii: "."): digits[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): digits[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: break
            }
        }
        return digits.withUnsafeBytes { Base64URL.decode($0) }
    }
}
