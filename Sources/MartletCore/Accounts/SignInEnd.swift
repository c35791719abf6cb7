import Synchronization

/// That somebody is not signed in any more, which clients want to hear of (OIDC Back-Channel
/// Logout 1.0 §2.5).
package enum SignInEnd: Sendable, Equatable {
    /// A browser was signed out.
    case browser(SignIn)
    /// Everything of the account ended at once.
    case everywhere(AccountID)
    /// One session was ended by the person or the operator.
    case session(AuthorizedFamily)
}

/// The ends that clients have not been told of yet: a mailbox between the stories that end
/// something, which wait for nobody, and whoever makes the calls (`BackchannelLogoutService`).
///
/// It is of this process and does not outlive it: a client that is not told hears at its next
/// refresh. A process that makes no calls, as the command line, drops what is put in.
package final class SignInEnds: Sendable {
    /// People do not sign out faster than this is emptied; beyond it the oldest are dropped.
    package static let capacity = 1000

    private struct Contents {
        var waiting: [SignInEnd] = []
        var dropped = 0
        var wake: (@Sendable () -> Void)?
    }

    private let contents = Mutex(Contents())

    package init() {}

    /// Puts in what has ended, after that is durable.
    package func add(_ end: SignInEnd) {
        let wake = contents.withLock { contents -> (@Sendable () -> Void)? in
            contents.waiting.append(end)
            if contents.waiting.count > Self.capacity {
                contents.waiting.removeFirst()
                contents.dropped += 1
            }
            return contents.wake
        }
        wake?()
    }

    /// Puts in what these events tell of that ends everything of an account.
    func add(endsOf events: [AuditEvent]) {
        for case .accountSessionsEnded(let account, _) in events { add(.everywhere(account)) }
    }

    /// Takes all out, the oldest first, with the number of those that were dropped since last time.
    package func take() -> (ends: [SignInEnd], dropped: Int) {
        contents.withLock { contents in
            defer {
                contents.waiting = []
                contents.dropped = 0
            }
            return (contents.waiting, contents.dropped)
        }
    }

    /// Whom to wake when something is put in; whoever said so before is forgotten.
    package func onArrival(_ wake: @escaping @Sendable () -> Void) {
        contents.withLock { $0.wake = wake }
    }
}
