import Foundation

/// What the disk takes to hold on to one page.
struct FileSynchronization {
    let folder: String

    private static let page = [UInt8](repeating: 1, count: 4096)

    /// Microseconds of one `fdatasync` after one page was overwritten.
    func median(of count: Int) throws -> Double {
        let path = folder + "/synchronized"
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw BenchError("\(path) cannot be made") }
        defer {
            close(file)
            unlink(path)
        }
        try overwrite(file)
        guard fsync(file) == 0 else { throw BenchError("\(path) cannot be synchronized") }
        return try (0..<count).map { _ in
            let start = ContinuousClock.now
            try overwrite(file)
            guard fdatasync(file) == 0 else { throw BenchError("fdatasync failed") }
            return (ContinuousClock.now - start).inMicroseconds
        }.median
    }

    private func overwrite(_ file: Int32) throws {
        guard pwrite(file, Self.page, Self.page.count, 0) == Self.page.count else {
            throw BenchError("the disk takes no page")
        }
    }
}
