/// Why a command did not do what it was asked: one sentence that says what to do instead.
struct Refusal: Error, Equatable {
    let sentence: String

    /// The status that tells scripts that the command was understood and refused.
    static let exitStatus: Int32 = 1

    init(_ sentence: String) {
        self.sentence = sentence
    }

    /// The refusal that an error amounts to, or nil if it is none of ours.
    init?(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case let error as ConfigurationError: self.init(error.sentence)
        default: return nil
        }
    }
}
