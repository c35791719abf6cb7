#if canImport(Security)
    import Security
    import Synchronization

    #if canImport(FoundationEssentials)
        public import FoundationEssentials
    #else
        public import Foundation
    #endif

    /// Tokens in the Keychain: the store on Apple's platforms.
    ///
    /// The item can be read after the first unlock of the device, so that an app refreshes in the
    /// background, and never leaves the device. Sharing it between an app and its extensions takes an
    /// access group and a folder for the lock that both reach.
    public final class KeychainTokenStore: TokenStore {
        private let service: String
        private let account: String
        private let accessGroup: String?
        private let lockPath: String?
        private let isLocked = Mutex(false)

        /// A store for one session.
        ///
        /// - Parameters:
        ///   - service: Whose item it is: the app's bundle identifier.
        ///   - account: Tells several sessions of one app apart.
        ///   - accessGroup: The access group that is shared with extensions, if it is.
        ///   - lockFolder: The folder of the app group, if it is. Without it the right to renew is
        ///     kept within this process.
        public init(
            service: String,
            account: String = "session",
            accessGroup: String? = nil,
            lockFolder: URL? = nil
        ) {
            self.service = service
            self.account = account
            self.accessGroup = accessGroup
            lockPath = lockFolder?.appendingPathComponent("\(service).\(account).lock").path
        }

        /// What is kept.
        public func read() async throws -> StoredSession? {
            var query = item
            query[kSecReturnData] = true
            query[kSecMatchLimit] = kSecMatchLimitOne
            var found: CFTypeRef?
            let status = SecItemCopyMatching(query as CFDictionary, &found)
            if status == errSecItemNotFound { return nil }
            guard status == errSecSuccess, let data = found as? Data else {
                throw Self.failure("read", status)
            }
            return try StoredSession(decoding: .init(Array(data)))
        }

        /// Keeps a session in place of the one with this version. The version is part of what the
        /// Keychain looks for, so looking and replacing are one step of its own.
        public func write(
            _ session: StoredSession?,
            replacing version: StoredSession.Version?
        ) async throws -> Bool {
            let status: OSStatus
            switch (version, session) {
            case (nil, nil):
                return try await read() == nil
            case (nil, let session?):
                var added = item.merging(contents(of: session)) { $1 }
                added[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
                status = SecItemAdd(added as CFDictionary, nil)
            case (let version?, nil):
                status = SecItemDelete(item(version) as CFDictionary)
            case (let version?, let session?):
                status = SecItemUpdate(
                    item(version) as CFDictionary,
                    contents(of: session) as CFDictionary
                )
            }
            switch status {
            case errSecSuccess: return true
            case errSecItemNotFound, errSecDuplicateItem: return false
            case _: throw Self.failure("written", status)
            }
        }

        /// Takes the right to renew: among all who share the lock's folder, or within this process.
        public func tryLock() async throws -> TokenStoreLock? {
            if let lockPath {
                let lock = try PrivateFile.tryLock(lockPath)
                return lock.map { lock in TokenStoreLock { lock.release() } }
            }
            let isMine = isLocked.withLock { isLocked in
                defer { isLocked = true }
                return !isLocked
            }
            guard isMine else { return nil }
            return TokenStoreLock { [self] in isLocked.withLock { $0 = false } }
        }

        private var item: [CFString: Any] {
            var item: [CFString: Any] = [
                kSecClass: kSecClassGenericPassword, kSecAttrService: service,
                kSecAttrAccount: account,
            ]
            if let accessGroup { item[kSecAttrAccessGroup] = accessGroup }
            return item
        }

        private func item(_ version: StoredSession.Version) -> [CFString: Any] {
            var item = item
            item[kSecAttrGeneric] = Data(version.description.utf8)
            return item
        }

        private func contents(of session: StoredSession) -> [CFString: Any] {
            [
                kSecAttrGeneric: Data(session.version.description.utf8),
                kSecValueData: Data(session.encoded().bytes),
            ]
        }

        private static func failure(_ what: String, _ status: OSStatus) -> ClientError {
            ClientError(.store, "The Keychain's item cannot be \(what): error \(status).")
        }
    }
#endif
