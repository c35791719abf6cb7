/// Why some bytes are not JSON that we read: where, and what is wrong there.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The offset in bytes from the start of the input at which reading stopped.
    public let position: Int

    /// What is wrong, as a plain sentence without the input's own text.
    public let reason: String

    /// The reason and the position, for a log or a terminal.
    public var description: String {
        "\(reason) (byte \(position))"
    }

    init(at position: Int, _ reason: String) {
        self.position = position
        self.reason = reason
    }
}
