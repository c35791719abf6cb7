import MartletCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What the operating system says of this process, read when somebody asks. What it does not tell
/// is left out: the files under `/proc` are Linux's.
enum ProcessFigures {
    /// `/proc/self/statm` is one line of seven numbers.
    private static let longestFile = 256

    static func observe(in registry: MetricsRegistry, start: Instant) {
        registry.observe(.startTime) { Double(start.microseconds) / 1e6 }
        registry.observe(.cpuSeconds, value: processorSeconds)
        registry.observe(.residentMemory, value: residentBytes)
        registry.observe(.openFiles, value: openFiles)
        registry.observe(.maximumFiles, value: maximumFiles)
    }

    @Sendable
    private static func processorSeconds() -> Double? {
        var usage = rusage()
        guard getrusage(itself, &usage) == 0 else { return nil }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    @Sendable
    private static func residentBytes() -> Double? {
        let words = contents(of: "/proc/self/statm")?.split(separator: UInt8(ascii: " "))
        guard let words, words.count > 1,
            let pages = Int(String(decoding: words[1], as: UTF8.self))
        else { return nil }
        return Double(pages * sysconf(Int32(_SC_PAGESIZE)))
    }

    @Sendable
    private static func openFiles() -> Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        // Not among those that were open: the folder itself, "." and "..".
        var count = -3
        while readdir(folder) != nil { count += 1 }
        return Double(count)
    }

    @Sendable
    private static func maximumFiles() -> Double? {
        var limit = rlimit()
        guard getrlimit(fileLimit, &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    private static func contents(of path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: longestFile)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    /// Glibc declares these as enums of their own, the calls take plain numbers.
    #if canImport(Glibc)
        private static var itself: Int32 { Int32(RUSAGE_SELF.rawValue) }
        private static var fileLimit: Int32 { Int32(RLIMIT_NOFILE.rawValue) }
    #else
        private static var itself: Int32 { RUSAGE_SELF }
        private static var fileLimit: Int32 { RLIMIT_NOFILE }
    #endif
}
