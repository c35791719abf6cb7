package import Logging
package import MartletCore

/// What the operator is told: in the log reasons and session ids, never a token or a name; and in
/// the metrics how often.
package struct ServerLog: Sendable {
    private let logger: Logger
    let metrics: ServerMetrics
    private let overloads = LogPace()
    private let failures = LogPace()

    package init(_ logger: Logger, metrics: ServerMetrics) {
        self.logger = logger
        self.metrics = metrics
    }

    package func notice(_ notice: AuthorizationServer.Notice) {
        metrics.count(notice)
        switch notice {
        case .sessionMade(let id):
            logger.debug("a session began", metadata: ["session": "\(id)"])
        case .sessionEnded(let id, let reason):
            logger.debug(
                "a session was ended",
                metadata: ["session": "\(id)", "reason": "\(reason.rawValue)"]
            )
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
        case .reuseAfterEnd(let id, let reason):
            logger.debug(
                "refused: a superseded refresh token of a session that is over",
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
        case .issued, .signInSucceeded: break
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
        metrics.count(.overloaded)
        guard let withheld = overloads.mayPass("") else { return }
        logger.warning(
            "refused: too many requests are waiting",
            metadata: ["withheld": "\(withheld)"]
        )
    }

    /// - Parameter refusal: as what it is counted.
    func storeFailed(_ refusal: Refusal, _ reason: String) {
        metrics.count(refusal)
        guard let withheld = failures.mayPass(reason) else { return }
        logger.error(
            "the store failed",
            metadata: ["reason": "\(reason)", "withheld": "\(withheld)"]
        )
    }

    /// - Parameter error: What the API says was wrong, as its developer wrote it.
    func refused(_ error: String, by resource: ResourceID) {
        guard let withheld = failures.mayPass("refused by \(resource)") else { return }
        logger.warning(
            "an API could not read what it was told of an ended session",
            metadata: [
                "resource": "\(resource)", "error": "\(error.prefix(100))",
                "withheld": "\(withheld)",
            ]
        )
    }

    func unexpected(_ error: any Error) {
        metrics.count(.unexpected)
        logger.error("unexpected error", metadata: ["type": "\(type(of: error))"])
    }

    func housekept(_ round: Housekeeping.Round) {
        metrics.count(round)
    }

    func housekeepingFailed(_ error: any Error) {
        metrics.countHousekeepingFailure()
        logger.error("housekeeping failed; it is tried again", metadata: ["error": "\(error)"])
    }
}

// MARK: - Telling clients of logouts

extension ServerLog {
    func logoutTold(_ client: ClientID) {
        metrics.count(.told)
        logger.debug("a client was told of a logout", metadata: ["client": "\(client)"])
    }

    /// - Parameter client: `nil` while it is not known yet who is to be told.
    func logoutFailed(_ client: ClientID?, _ reason: String) {
        metrics.count(.failed)
        logger.info(
            "a client could not be told of a logout",
            metadata: ["client": "\(client?.rawValue ?? "any")", "reason": "\(reason)"]
        )
    }

    func logoutGivenUp(_ client: ClientID?) {
        metrics.count(.dropped)
        logger.warning(
            "a client is not told of a logout: it was tried often enough",
            metadata: ["client": "\(client?.rawValue ?? "any")"]
        )
    }

    func logoutsLost(_ count: Int, _ reason: String) {
        metrics.count(.dropped, times: count)
        logger.warning(
            "clients are not told of logouts",
            metadata: ["count": "\(count)", "reason": "\(reason)"]
        )
    }
}
