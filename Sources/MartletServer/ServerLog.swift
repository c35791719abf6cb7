package import Logging
package import MartletCore

/// What the operator sees in the log: reasons and session ids, never a token or a name.
package struct ServerLog: Sendable {
    private let logger: Logger

    package init(_ logger: Logger) {
        self.logger = logger
    }

    package func notice(_ notice: AuthorizationServer.Notice) {
        switch notice {
        case .rotated(let id):
            logger.debug("rotated", metadata: ["session": "\(id)"])
        case .repeated(let id):
            logger.debug("handed out again", metadata: ["session": "\(id)"])
        case .reuse(let id, let kind):
            logger.warning(
                "a refresh token was used twice; the session is ended",
                metadata: ["session": "\(id)", "kind": "\(kind.rawValue)"]
            )
        case .refused(let id, let reason):
            logger.debug(
                "refused: the session is over",
                metadata: ["session": "\(id)", "reason": "\(reason.rawValue)"]
            )
        case .aheadOfState(let id):
            logger.critical(
                """
                a genuine refresh token is ahead of its session: the store was rolled back, or a \
                key is stolen
                """,
                metadata: ["session": "\(id)"]
            )
        case .codeUsedTwice(let id):
            logger.warning(
                "an authorization or device code was used twice; the session is ended",
                metadata: ["session": "\(id)"]
            )
        case .badRefreshToken:
            logger.debug("a refresh token that was never issued")
        case .foreignRefreshToken(let id):
            logger.warning(
                "a refresh token was presented by another client",
                metadata: ["session": "\(id)"]
            )
        case .clientAuthenticationFailed:
            logger.info("client authentication failed")
        case .registrationLimited:
            logger.warning("client registrations are slowed down: there are too many")
        case .devicesLimited:
            logger.warning("device authorization requests are slowed down: there are too many")
        case .userCodesLimited:
            logger.warning("codes of devices are slowed down: too many wrong ones")
        case .signInFailed:
            logger.info("sign-in failed")
        case .signInLimited(let address):
            logger.warning(
                "sign-ins are slowed down: too many failures",
                metadata: ["address": "\(address)"]
            )
        }
    }

    func overloaded() {
        logger.warning("refused: too much is waiting for the store")
    }

    func storeFailed(_ reason: String) {
        logger.error("the store failed", metadata: ["reason": "\(reason)"])
    }

    func unexpected(_ error: any Error) {
        logger.error("unexpected error", metadata: ["type": "\(type(of: error))"])
    }

    func housekeepingFailed(_ error: any Error) {
        logger.error("housekeeping failed; it is tried again", metadata: ["error": "\(error)"])
    }
}

// MARK: - Telling clients of logouts

extension ServerLog {
    func logoutTold(_ client: ClientID) {
        logger.debug("a client was told of a logout", metadata: ["client": "\(client)"])
    }

    /// - Parameter client: `nil` while it is not known yet who is to be told.
    func logoutFailed(_ client: ClientID?, _ reason: String) {
        logger.info(
            "a client could not be told of a logout",
            metadata: ["client": "\(client?.rawValue ?? "any")", "reason": "\(reason)"]
        )
    }

    func logoutGivenUp(_ client: ClientID?) {
        logger.warning(
            "a client is not told of a logout: it was tried often enough",
            metadata: ["client": "\(client?.rawValue ?? "any")"]
        )
    }

    func logoutsLost(_ count: Int, _ reason: String) {
        logger.warning(
            "clients are not told of logouts",
            metadata: ["count": "\(count)", "reason": "\(reason)"]
        )
    }
}
