import Crypto
import Dispatch
public import MartletProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Tokens in a file of this user's, encrypted, shared by all processes of the app: the store on Linux.
///
/// The file and everything beside it has mode 0600; a file that others can read is refused. It is
/// encrypted with AES-256-GCM, and what that is worth depends on where the key is:
///
/// | key | who reads the token file alone | who reads all files of this user |
/// | --- | --- | --- |
/// | ``Key/file(at:)`` | learns nothing: a backup, a synchronised folder, a file that was sent along | has the tokens |
/// | ``Key/secret(_:)`` | learns nothing | learns nothing, unless your secret is among the files |
///
/// Against whoever runs programs as this user nothing of it protects: the app itself could be asked.
/// What protects there is the server: a stolen refresh token is noticed when it is used.
public struct FileTokenStore: TokenStore {
    /// Where the key is.
    public struct Key: Sendable {
        enum Place: Sendable {
            case file(String)
            case secret(Secret)
        }

        let place: Place

        private init(_ place: Place) {
            self.place = place
        }

        /// In a file of its own, which is made when it is needed. Keep it in another folder than the
        /// tokens, so that no copy of one folder has both.
        ///
        /// - Parameter path: The file.
        public static func file(at path: String) -> Key { Key(.file(path)) }

        /// Wherever the app has it from: a system's credential, a hardware token.
        ///
        /// - Parameter secret: At least 16 bytes that nobody guesses; not a password.
        public static func secret(_ secret: Secret) -> Key { Key(.secret(secret)) }
    }

    /// The first bytes of the file: its format.
    private static let format = Array("martlet tokens 1\n".utf8)
    private static let keyLength = 32

    private let path: String
    private let key: Key
    private let surroundings: ClientSurroundings
    /// The disk may take its time, and the threads of Swift's tasks are few.
    private let queue = DispatchQueue(label: "martlet.tokens")

    /// A store in a file, which need not be there yet.
    ///
    /// - Parameters:
    ///   - path: The file. Beside it are its lock (`.lock`) and, for moments, its successor (`.new`).
    ///   - key: Where the key is.
    public init(path: String, key: Key) {
        self.init(path: path, key: key, surroundings: .system)
    }

    /// A store where this user's programs keep such things: the tokens in `~/.local/state`, the key in
    /// `~/.config` (or where `XDG_STATE_HOME` and `XDG_CONFIG_HOME` say), each in a folder of the
    /// app's name.
    ///
    /// - Parameters:
    ///   - application: The app's name, as a folder is called.
    ///   - account: Tells several sessions of one app apart.
    /// - Throws: ``ClientError`` with ``ClientError/Code/store`` if a name cannot be that of a file,
    ///   or there is no home.
    public init(application: String, account: String = "session") throws {
        for name in [application, account] {
            let isPlain =
                !name.isEmpty && !name.hasPrefix(".")
                && !name.utf8.contains { byte in
                    byte == UInt8(ascii: "/") || byte == 0
                }
            guard isPlain else { throw ClientError(.store, "\(name) is not the name of a file.") }
        }
        let environment = ProcessInfo.processInfo.environment
        func folder(_ variable: String, _ standard: String) throws -> String {
            if let folder = environment[variable], folder.hasPrefix("/") { return folder }
            guard let home = environment["HOME"], home.hasPrefix("/") else {
                throw ClientError(.store, "HOME is not set, so there is nowhere to keep tokens.")
            }
            return "\(home)/\(standard)"
        }
        let state = try folder("XDG_STATE_HOME", ".local/state")
        let configuration = try folder("XDG_CONFIG_HOME", ".config")
        self.init(
            path: "\(state)/\(application)/\(account).tokens",
            key: .file(at: "\(configuration)/\(application)/tokens.key")
        )
    }

    package init(path: String, key: Key, surroundings: ClientSurroundings) {
        self.path = path
        self.key = key
        self.surroundings = surroundings
    }

    // MARK: - The three operations

    /// What is kept.
    public func read() async throws -> StoredSession? {
        try await onDisk { try readNow() }
    }

    /// Keeps a session in place of the one with this version, on the disk when it returns.
    ///
    /// Only the holder of the lock writes: that makes comparing and swapping one step.
    public func write(
        _ session: StoredSession?,
        replacing version: StoredSession.Version?
    ) async throws -> Bool {
        try await onDisk {
            guard try readNow()?.version == version else { return false }
            if let session {
                try PrivateFile.makeFolder(for: path)
                try PrivateFile.replace(path, with: seal(session.encoded()))
            } else {
                try PrivateFile.remove(path)
            }
            return true
        }
    }

    /// Takes the right to renew among all processes, unless one of them has it.
    public func tryLock() async throws -> TokenStoreLock? {
        let lock = try await onDisk {
            try PrivateFile.makeFolder(for: path)
            return try PrivateFile.tryLock(path + ".lock")
        }
        return lock.map { lock in TokenStoreLock { lock.release() } }
    }

    // MARK: - Bytes

    private func readNow() throws(ClientError) -> StoredSession? {
        guard let bytes = try PrivateFile.read(path) else { return nil }
        guard bytes.starts(with: Self.format) else {
            throw ClientError(.store, "\(path) is not a file of tokens.")
        }
        let key = try symmetricKey(.readable)
        guard
            let box = try? AES.GCM.SealedBox(combined: bytes[Self.format.count...]),
            let plain = try? AES.GCM.open(box, using: key, authenticating: Self.format)
        else {
            throw ClientError(.store, "\(path) does not open with this key.")
        }
        return try StoredSession(decoding: Secret(Array(plain)))
    }

    private func seal(_ secret: Secret) throws(ClientError) -> [UInt8] {
        let key = try symmetricKey(.made)
        let box = try? AES.GCM.seal(secret.bytes, using: key, authenticating: Self.format)
        guard let combined = box?.combined else {
            throw ClientError(.store, "The tokens cannot be encrypted.")
        }
        return Self.format + Array(combined)
    }

    private enum KeyNeed {
        /// It has to be there: something is encrypted with it.
        case readable
        /// It is made if it is not there.
        case made
    }

    private func symmetricKey(_ need: KeyNeed) throws(ClientError) -> SymmetricKey {
        let secret: Secret
        switch key.place {
        case .secret(let given):
            guard given.bytes.count >= 16 else {
                throw ClientError(.store, "The key has less than 16 bytes.")
            }
            secret = given
        case .file(let path):
            secret = try keyFile(path, need)
        }
        return HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret.bytes),
            info: Self.format,
            outputByteCount: Self.keyLength
        )
    }

    private func keyFile(_ path: String, _ need: KeyNeed) throws(ClientError) -> Secret {
        if let bytes = try PrivateFile.read(path) {
            guard bytes.count == Self.keyLength else {
                throw ClientError(.store, "\(path) is not a key.")
            }
            return Secret(bytes)
        }
        guard need == .made else {
            throw ClientError(.store, "There are tokens at \(self.path), and no key at \(path).")
        }
        try PrivateFile.makeFolder(for: path)
        let made = surroundings.randomBytes(Self.keyLength)
        let unique = Base64URL.encode(surroundings.randomBytes(9))
        if try PrivateFile.make(path, with: made, unique: unique) { return Secret(made) }
        return try keyFile(path, .readable)
    }

    private func onDisk<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}
