import Foundation

/// Which core is the server's and which one the load's.
struct Cores {
    /// `nil`: the kernel may put them where it wants.
    let server: Int?
    let load: Int?

    enum Sharing {
        /// One core each, so that neither takes time from the other.
        case apart
        /// Wherever the kernel puts them: good for finding errors, and no measurement.
        case anywhere
    }

    init(_ sharing: Sharing) throws {
        switch sharing {
        case .anywhere:
            server = nil
            load = nil
        case .apart:
            guard ProcessInfo.processInfo.activeProcessorCount >= 2 else {
                throw BenchError(
                    "This machine has one core, which server and load would have to share: what"
                        + " comes out would be no measurement. --share-core does it all the same."
                )
            }
            server = 0
            load = 1
        }
    }
}
