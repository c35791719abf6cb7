/// The sentences with which Martlet refuses a refresh token, as `error_description` beside
/// `invalid_grant`. A client that knows them can tell its person what happened; other servers say
/// less, and mean: sign in again.
public enum RefreshRefusal: String, Sendable, CaseIterable {
    /// It never was one, or not this client's: one and the same answer.
    case invalid = "The refresh token is invalid."
    /// Idle for too long, or the absolute lifetime is over.
    case expired = "The refresh token has expired; the user has to sign in again."
    /// Somebody ended the session: the person, the operator, a newer sign-in.
    case ended = "This session has ended; the user has to sign in again."
    /// A token that was superseded came again, so two hold it (RFC 9700 §4.14).
    case usedTwice =
        "This session was ended because a refresh token was used twice; the user has to sign in again."
}
