import Foundation

/// How a store's thread makes its batches larger: it lets requests that are being worked on join.
package enum Gathering {
    /// So long at most a batch waits for them.
    private static let longest: Duration = .milliseconds(2)

    /// Gives up the processor as long as that brings new work.
    ///
    /// Only for after a batch of more than one: a lone request waits for nobody. On a core of its own
    /// the thread finds nothing new at once, and goes on.
    ///
    /// - Parameters:
    ///   - limit: the work of one batch.
    ///   - arrived: how much has arrived by now.
    package static func run(upTo limit: Int, arrived: () -> Int) {
        let begin = ContinuousClock.now
        var before = 0
        var count = arrived()
        while count > before, count < limit, ContinuousClock.now - begin < longest {
            before = count
            sched_yield()
            count = arrived()
        }
    }
}
