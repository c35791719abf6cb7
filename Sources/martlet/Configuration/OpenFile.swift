import Foundation

/// Why the system refuses something about a file.
struct FileFailure: Error, Equatable {
    /// The system's number, or nil if the file is not what was asked for.
    let code: Int32?
    /// For a sentence: `No such file or directory`.
    let reason: String

    init(code: Int32) {
        self.code = code
        self.reason = String(cString: strerror(code))
    }

    init(_ reason: String) {
        self.code = nil
        self.reason = reason
    }

    var isMissing: Bool { code == ENOENT }
}

/// A file that was opened once, so that what is found out about it and what is read are the same
/// file.
struct OpenFile: ~Copyable {
    private let descriptor: Int32

    /// Opens a regular file, through links as people set them.
    init(readingAt path: String) throws(FileFailure) {
        // A pipe without a writer would hold the process here.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileFailure(code: errno) }
        guard try status().st_mode & S_IFMT == S_IFREG else {
            throw FileFailure("it is not a regular file")
        }
    }

    /// Makes a file that only its owner reads and writes, and which must not be there yet.
    init(makingPrivateAt path: String) throws(FileFailure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(code: errno) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    static func exists(at path: String) -> Bool {
        access(path, F_OK) == 0
    }

    func status() throws(FileFailure) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileFailure(code: errno) }
        return status
    }

    /// All that the file holds, unless that is more than `limit` bytes.
    func bytes(atMost limit: Int) throws(FileFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count <= limit {
            let step = bytes.withUnsafeMutableBytes { buffer in
                Foundation.read(
                    descriptor,
                    buffer.baseAddress.map { $0 + count },
                    buffer.count - count
                )
            }
            if step < 0, errno == EINTR { continue }
            guard step >= 0 else { throw FileFailure(code: errno) }
            if step == 0 { return Array(bytes[..<count]) }
            count += step
        }
        throw FileFailure("it is larger than \(limit) bytes")
    }

    /// How large it is, when all of it is on disk.
    func synchronizedSize() throws(FileFailure) -> Int {
        guard fsync(descriptor) == 0 else { throw FileFailure(code: errno) }
        return Int(try status().st_size)
    }

    /// Writes all bytes, and returns when they are on disk.
    func write(_ bytes: [UInt8]) throws(FileFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let step = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw FileFailure(code: errno) }
            rest = rest.dropFirst(step)
        }
        guard fsync(descriptor) == 0 else { throw FileFailure(code: errno) }
    }

    /// Returns when the names in a folder are on disk.
    static func synchronize(folder: String) throws(FileFailure) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFailure(code: errno) }
    }
}
