#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// How many files and connections the system lets this process have open.
///
/// Most systems start a program with 1024, for the sake of programs that use `select(2)`, and let it
/// raise that. Without any left SQLite could not open its log, so connections never take them all.
package enum OpenFiles {
    /// For the store, the log, what calls others, and the framework.
    static let reserve = 256

    /// How many it may have open now.
    package static var limit: Int { read().map { Int(clamping: $0.rlim_cur) } ?? 1024 }

    /// Asks for as many as are wanted, or the most that this user may have.
    package static func raise(to wanted: Int) {
        guard var limits = read(), limits.rlim_cur < rlim_t(wanted) else { return }
        limits.rlim_cur = min(rlim_t(wanted), limits.rlim_max)
        #if canImport(Glibc)
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        #else
            _ = setrlimit(RLIMIT_NOFILE, &limits)
        #endif
    }

    private static func read() -> rlimit? {
        var limits = rlimit()
        #if canImport(Glibc)
            let status = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        #else
            let status = getrlimit(RLIMIT_NOFILE, &limits)
        #endif
        return status == 0 ? limits : nil
    }
}
