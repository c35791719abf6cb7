import MartletCore
import MartletProtocol

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
        case let error as AdministrationError: self.init(error.sentence.printable)
        case let error as OAuthError: self.init(error.sentence.printable)
        case let error as StorageError: self.init(error.sentence)
        default: return nil
        }
    }
}

extension StorageError {
    fileprivate var sentence: String {
        switch self {
        case .unavailable(let reason):
            "The store cannot be read or written now (\(reason.printable)); try again."
        case .outOfService:
            "The store is a copy, sealed, or not whole yet; `martlet doctor` says which."
        case .overloaded: "The store has too much to do; try again in a moment."
        case .conflict: "Somebody else changed it at the same moment; repeat the command."
        case .corrupt(let reason):
            "The store is damaged (\(reason.printable)); restore it from a backup."
        }
    }
}
