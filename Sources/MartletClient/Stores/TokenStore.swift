/// Where a session keeps its tokens from one use of the app to the next.
///
/// Three operations, so that one can be written in an afternoon. What they promise is what keeps a
/// session alive among several processes, so it is to be taken literally.
public protocol TokenStore: Sendable {
    /// What is kept, or nil if nothing is.
    ///
    /// Sees every write that has returned, by whichever process.
    func read() async throws -> StoredSession?

    /// Keeps a session in place of the one with this version: a compare-and-swap.
    ///
    /// When it returns true, the session is where a power cut does not reach it, and every later
    /// ``read()`` sees it. When it returns false, or throws, what was kept is kept still.
    ///
    /// - Parameters:
    ///   - session: What to keep; nil for nothing.
    ///   - version: What is kept now; nil for nothing.
    /// - Returns: false if something else is kept.
    func write(
        _ session: StoredSession?,
        replacing version: StoredSession.Version?
    ) async throws -> Bool

    /// Takes the right to renew the tokens, unless somebody has it.
    ///
    /// The right ends with the process, so that a crash leaves nobody locked out. A store that cannot
    /// tell processes apart may answer for its own process only: then two may renew at once, the
    /// compare-and-swap keeps one outcome, and the server's overlap makes both the same.
    ///
    /// - Returns: The right, or nil if somebody has it.
    func tryLock() async throws -> TokenStoreLock?
}

/// The right to renew a session's tokens, until it is given back.
public struct TokenStoreLock: Sendable {
    private let release: @Sendable () -> Void

    /// A right.
    ///
    /// - Parameter release: Gives it back; called once.
    public init(release: @escaping @Sendable () -> Void) {
        self.release = release
    }

    func giveBack() { release() }
}
