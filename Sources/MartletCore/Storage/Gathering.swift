/// How a store's thread makes its batches larger: it gives up the processor, so that requests that are
/// being worked on join, as long as that brings new ones.
///
/// Only for after a batch of more than one: a lone request waits for nobody. On a core of its own the
/// thread finds nothing new at once, and goes on.
package struct Gathering {
    /// So long at most a batch waits for others.
    private static let longest: Duration = .milliseconds(2)

    private let limit: Int
    private var before = 0

    /// - Parameter limit: the work of one batch.
    package init(upTo limit: Int) {
        self.limit = limit
    }

    /// Whether to give up the processor once more.
    ///
    /// - Parameters:
    ///   - arrived: the work that waits by now.
    ///   - waited: the time since the first question.
    package mutating func goesOn(arrived: Int, after waited: Duration) -> Bool {
        defer { before = arrived }
        return arrived > before && arrived < limit && waited < Self.longest
    }
}
