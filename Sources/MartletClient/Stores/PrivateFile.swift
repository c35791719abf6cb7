#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Files that are for this user alone: mode 0600, replaced whole, on disk before anybody is told.
enum PrivateFile {
    /// The longest that is read: tokens of a session, some kilobytes each.
    static let maximumSize = 256 * 1024

    /// The bytes of a file, or nil if there is none.
    ///
    /// A file that others could read or that somebody else owns is refused: its tokens would be known
    /// already, or not be ours.
    static func read(_ path: String) throws(ClientError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno != ENOENT else { return nil }
            throw .file("cannot be opened", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .file("is not a file", path)
        }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw ClientError(
                .store,
                "\(path) can be read by others, so it is not used: look who can, then chmod 600."
            )
        }
        guard status.st_size <= maximumSize else { throw .file("is too large", path) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = call { systemRead(descriptor, &buffer) }
            guard count >= 0 else { throw .file("cannot be read", path) }
            guard count > 0, bytes.count <= maximumSize else { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Puts bytes in place of a file: written beside it, flushed to the disk, renamed, and the folder
    /// flushed as well. A crash leaves the file as it was or as it is to be.
    ///
    /// Only the holder of the lock does this, so one name beside the file is enough.
    static func replace(_ path: String, with bytes: [UInt8]) throws(ClientError) {
        let beside = path + ".new"
        try write(bytes, to: beside, O_TRUNC)
        guard rename(beside, path) == 0 else { throw .file("cannot be renamed", beside) }
        try flushFolder(of: path)
    }

    /// Makes a file that is not there yet, whole or not at all.
    ///
    /// - Returns: false if it is there.
    static func make(
        _ path: String,
        with bytes: [UInt8],
        unique: String
    ) throws(ClientError) -> Bool {
        let beside = path + "." + unique
        try write(bytes, to: beside, O_EXCL)
        defer { unlink(beside) }
        guard link(beside, path) == 0 else {
            guard errno == EEXIST else { throw .file("cannot be made", path) }
            return false
        }
        try flushFolder(of: path)
        return true
    }

    /// Removes a file, durably. One that is not there is removed already.
    static func remove(_ path: String) throws(ClientError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .file("cannot be removed", path) }
        try flushFolder(of: path)
    }

    /// Makes the folders on the way to a file, for this user alone.
    static func makeFolder(for path: String) throws(ClientError) {
        let folder = folder(of: path)
        if mkdir(folder, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, folder != "/", folder != "." else {
            throw .file("cannot be made", folder)
        }
        try makeFolder(for: folder)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw .file("cannot be made", folder)
        }
    }

    /// Takes a lock on a file, which ends with the process.
    ///
    /// - Returns: What holds it, or nil if somebody else does, in this process or another.
    static func tryLock(_ path: String) throws(ClientError) -> FileLock? {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .file("cannot be opened", path) }
        let status = call { Int(flock(descriptor, LOCK_EX | LOCK_NB)) }
        guard status == 0 else {
            let isTaken = errno == EWOULDBLOCK
            close(descriptor)
            guard isTaken else { throw .file("cannot be locked", path) }
            return nil
        }
        return FileLock(descriptor: descriptor)
    }

    // MARK: - Steps

    private static func write(
        _ bytes: [UInt8],
        to path: String,
        _ how: Int32
    ) throws(ClientError) {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | how
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw .file("cannot be written", path) }
        defer { close(descriptor) }
        // One that lay there from before may have another mode.
        guard fchmod(descriptor, 0o600) == 0 else { throw .file("is not ours", path) }
        var written = 0
        while written < bytes.count {
            let count = call { systemWrite(descriptor, bytes[written...]) }
            guard count > 0 else { throw .file("cannot be written", path) }
            written += count
        }
        guard flush(descriptor) else { throw .file("cannot be flushed to the disk", path) }
    }

    private static func flushFolder(of path: String) throws(ClientError) {
        let folder = folder(of: path)
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file("cannot be opened", folder) }
        defer { close(descriptor) }
        guard flush(descriptor) else { throw .file("cannot be flushed to the disk", folder) }
    }

    private static func flush(_ descriptor: Int32) -> Bool {
        #if canImport(Darwin)
            // fsync alone leaves the bytes in the drive's own memory there.
            if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
        #endif
        return call { Int(fsync(descriptor)) } == 0
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Again, as long as a signal comes between.
    private static func call(_ body: () -> Int) -> Int {
        while true {
            let result = body()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    private static func systemRead(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
        #if canImport(Darwin)
            Darwin.read(descriptor, &buffer, buffer.count)
        #elseif canImport(Musl)
            Musl.read(descriptor, &buffer, buffer.count)
        #else
            Glibc.read(descriptor, &buffer, buffer.count)
        #endif
    }

    private static func systemWrite(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { bytes in
            #if canImport(Darwin)
                Darwin.write(descriptor, bytes.baseAddress, bytes.count)
            #elseif canImport(Musl)
                Musl.write(descriptor, bytes.baseAddress, bytes.count)
            #else
                Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            #endif
        }
    }
}

/// A lock on a file, held until it is released or the process ends.
struct FileLock: Sendable {
    fileprivate let descriptor: Int32

    func release() { close(descriptor) }
}

extension ClientError {
    fileprivate static func file(_ what: String, _ path: String) -> ClientError {
        ClientError(.store, "\(path) \(what): \(String(cString: strerror(errno))).")
    }
}
