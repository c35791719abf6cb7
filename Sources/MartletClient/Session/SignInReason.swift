import MartletProtocol

/// Why a session is over, so that its person has to sign in again. It is kept in the store in place
/// of the tokens: every process of the app, and the app after its next start, says the same.
enum SignInReason: String, Sendable, CaseIterable {
    /// There were no tokens.
    case notSignedIn = "not_signed_in"
    case expired
    case ended
    case usedTwice = "used_twice"
    /// The tokens that came were about somebody else.
    case mistaken

    /// What a refusal of the refresh token says. Martlet says which of its reasons it is; others say
    /// `invalid_grant`, and nothing to rely on.
    ///
    /// - Returns: `nil` if the refusal is not about the token: then signing in again would not help.
    init?(_ refusal: ServerRefusal) {
        guard refusal.error == OAuthError.Code.invalidGrant.rawValue else { return nil }
        switch refusal.explanation.flatMap({ RefreshRefusal(rawValue: $0) }) {
        case .expired: self = .expired
        case .usedTwice: self = .usedTwice
        case .ended, .invalid, nil: self = .ended
        }
    }

    var error: ClientError {
        switch self {
        case .notSignedIn: ClientError(.notSignedIn, "Nobody is signed in.")
        case .expired: ClientError(.expired, "The session has expired; sign in again.")
        case .ended: ClientError(.ended, "The session has ended; sign in again.")
        case .usedTwice:
            ClientError(
                .usedTwice,
                "The session was ended because its refresh token was used twice; it may have been"
                    + " stolen. Sign in again."
            )
        case .mistaken:
            ClientError(.ended, "The server answered for somebody else; sign in again.")
        }
    }
}
