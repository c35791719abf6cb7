import Foundation
import MartletProtocol

/// A file that holds a master key: 32 random bytes as base64url, 43 characters, and a line end.
struct MasterKeyFile {
    let path: String

    static let keySize = 32
    /// For sentences.
    static let content = "32 random bytes as 43 characters of base64url"

    /// What a missing file means.
    enum Absence {
        /// There is nothing yet that another key sealed, so one is made.
        case makesOne
        /// Somebody lost it; the store is the one whose keys it sealed, if that is known.
        case isRefused(store: StoreLocation?)
    }

    /// Reads the key, or makes it.
    func load(
        whenMissing absence: Absence,
        _ randomBytes: (Int) -> [UInt8]
    ) throws(ConfigurationError) -> Secret {
        do throws(FileFailure) {
            return try read(OpenFile(readingAt: path))
        } catch  where error.isMissing {
            switch absence {
            case .makesOne: return try make(Secret(randomBytes(Self.keySize)))
            case .isRefused(let store): throw missing(store)
            }
        } catch {
            throw ConfigurationError("the master key in \(shown) cannot be read: \(error.reason).")
        }
    }

    /// The key that a text of the right form holds.
    static func key(in text: Secret) -> Secret? {
        var characters = text.bytes[...]
        if characters.last == UInt8(ascii: "\n") { characters.removeLast() }
        let bytes = characters.withUnsafeBytes { Base64URL.decode($0) }
        guard let bytes, bytes.count == keySize else { return nil }
        return Secret(bytes)
    }

    // MARK: - Reading

    /// More than a key and its line end is another file.
    private static let maximumSize = 256

    private func read(_ file: consuming OpenFile) throws(FileFailure) -> Secret {
        if let problem = Self.problem(with: try file.status()) {
            throw FileFailure("\(problem); `chmod 600 \(shown)` mends it")
        }
        guard let key = Self.key(in: Secret(try file.bytes(atMost: Self.maximumSize))) else {
            throw FileFailure("it must hold \(Self.content), and nothing else")
        }
        return key
    }

    /// Who else could read the key. A file of root's may be readable by a group, as container
    /// platforms mount secrets.
    private static func problem(with status: stat) -> String? {
        let others = status.st_mode & 0o007 != 0
        let group = status.st_mode & 0o070 != 0
        let mayBeShared = status.st_uid == 0 && status.st_mode & 0o030 == 0
        if others { return "everybody on this machine may open it" }
        if group, !mayBeShared { return "its whole group may open it" }
        return nil
    }

    private func missing(_ store: StoreLocation?) -> ConfigurationError {
        switch store {
        case .sqlite(let storePath):
            ConfigurationError(
                "the store \(storePath.printable) has keys sealed under a master key, but \(shown)"
                    + " is missing: put it back from your backup."
            )
        case .postgres(let address):
            ConfigurationError(
                "the master key \(shown) is missing: each node on \(StoreLocation.postgres(address).shown)"
                    + " needs the same one, so copy it from where you keep it. For a new store make"
                    + " one, and keep a copy apart: umask 077; head -c 32 /dev/urandom | basenc"
                    + " --base64url | tr -d = > \(shown)"
            )
        case nil:
            ConfigurationError(
                "the previous master key \(shown) is missing: put it back from your backup, or take"
                    + " it off previous_master_keys when nothing needs it any more."
            )
        }
    }

    private var shown: String { path.printable }

    // MARK: - Making

    /// Writes the key under a name of its own and then links it to the right one, which fails if
    /// that is taken: so nobody ever sees half a key, not even after a crash, and of two processes
    /// that start at once both use the one that was first.
    private func make(_ key: Secret) throws(ConfigurationError) -> Secret {
        let draft = "\(path).draft-\(UInt64.random(in: 0...UInt64.max))"
        do throws(FileFailure) {
            defer { unlink(draft) }
            try OpenFile(makingPrivateAt: draft)
                .write(Array((Base64URL.encode(key.bytes) + "\n").utf8))
            let isFirst = link(draft, path) == 0
            guard isFirst || errno == EEXIST else { throw FileFailure(code: errno) }
            try OpenFile.synchronize(folder: folder)
            return isFirst ? key : try read(OpenFile(readingAt: path))
        } catch {
            throw ConfigurationError("the master key \(shown) cannot be made: \(error.reason).")
        }
    }

    private var folder: String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}
