import MartletProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a session does next: the whole judgement, pure. ``OAuthSession`` carries it out.
enum SessionDecision {
    /// How a session comes by its next tokens.
    enum Renewal: Sendable, Equatable {
        /// With the refresh token of the last ones.
        case refreshToken
        /// By asking anew, as the client itself.
        case clientCredentials(scope: [String], resource: String?)
    }

    /// What to do, given what is kept and the time.
    enum Step: Sendable, Equatable {
        case use(TokenSet)
        /// Ask for the next tokens. `meanwhile` can still be used if nobody answers.
        case renew(after: TokenSet?, meanwhile: TokenSet?)
        case signIn(SignInReason)
    }

    /// What the clock and the caller say of an access token.
    struct Terms: Sendable {
        var now: Date
        /// How long before its end a token is renewed; never more than a quarter of its life.
        var margin: Duration
        /// An access token that an API did not take.
        var rejected: Secret?
        var renewal: Renewal
    }

    /// A token that is younger than this is not renewed because an API refuses it: another one would
    /// be refused as well, and each request would cost the server a rotation.
    static let settling: Duration = .seconds(5)

    /// The rule, the first row that fits:
    ///
    /// | kept | its access token | renewed by | |
    /// | --- | --- | --- | --- |
    /// | tokens | good for longer than the margin, not rejected or too young for it | | *use* |
    /// | tokens, nothing, or why it is over | | client credentials | *renew* |
    /// | nothing, or why it is over | | refresh token | *sign in* |
    /// | tokens with a refresh token | | refresh token | *renew* |
    /// | tokens without one | still good, not rejected | refresh token | *use* |
    /// | tokens without one | | refresh token | *sign in*: expired |
    static func step(keeping content: StoredSession.Content?, _ terms: Terms) -> Step {
        let kept: TokenSet?
        let reason: SignInReason
        switch content {
        case .tokens(let tokens): (kept, reason) = (tokens, .expired)
        case .over(let why): (kept, reason) = (nil, why)
        case nil: (kept, reason) = (nil, .notSignedIn)
        }
        if let kept, isGood(kept, terms, margin: margin(of: kept, terms)) { return .use(kept) }
        let meanwhile = kept.flatMap { isGood($0, terms, margin: .zero) ? $0 : nil }
        switch terms.renewal {
        case .clientCredentials:
            return .renew(after: kept, meanwhile: meanwhile)
        case .refreshToken:
            guard let kept else { return .signIn(reason) }
            guard kept.refreshToken == nil else {
                return .renew(after: kept, meanwhile: meanwhile)
            }
            return meanwhile.map { .use($0) } ?? .signIn(.expired)
        }
    }

    private static func isGood(_ tokens: TokenSet, _ terms: Terms, margin: Duration) -> Bool {
        let isOld = terms.now >= tokens.receivedAt + settling
        if tokens.accessToken == terms.rejected, isOld { return false }
        guard let end = tokens.accessTokenExpiresAt else { return true }
        return terms.now + margin < end
    }

    private static func margin(of tokens: TokenSet, _ terms: Terms) -> Duration {
        guard let end = tokens.accessTokenExpiresAt else { return .zero }
        let life = end.timeIntervalSince(tokens.receivedAt)
        return min(terms.margin, .seconds(max(0, life) / 4))
    }

    /// What to do with an answer.
    enum Verdict: Sendable {
        /// Keep these tokens in place of those that were presented, then use them.
        case keep(TokenSet)
        /// Ask again with the same token after this wait.
        case again(after: Duration)
        /// The session is over: keep that, in place of the tokens that were presented.
        case over(SignInReason)
        /// Nothing changes, and the server is left alone until then.
        case giveUp(ClientError, until: Date)
    }

    /// One question and what came of it.
    struct Question: Sendable {
        /// The tokens whose refresh token was presented; nil for client credentials.
        var presented: TokenSet?
        var askedAt: Date
        var scope: [String] = []
        /// When the first of a row of questions was asked.
        var begunAt: Date
        /// How many answers of that row were lost, this one included if it is.
        var lost: Int
        var now: Date
        /// From 0 to 1.
        var chance: Double
    }

    /// The rule, the first row that fits:
    ///
    /// | answer | |
    /// | --- | --- |
    /// | tokens | *keep* |
    /// | tokens about somebody else | *over*: mistaken |
    /// | refused, and it is about the refresh token | *over*, with the reason that the server gives |
    /// | refused otherwise, or the server cannot be asked | *give up* |
    /// | lost, and the next question would be within the policy's patience | *again* |
    /// | lost | *give up*: offline |
    static func verdict(
        on answer: TokenAnswer,
        to question: Question,
        under policy: RetryPolicy
    ) -> Verdict {
        switch answer {
        case .tokens(let response):
            guard let presented = question.presented else {
                return .keep(
                    TokenSet(
                        response,
                        askedAt: question.askedAt,
                        scope: question.scope,
                        idToken: nil
                    )
                )
            }
            let next = presented.followed(by: response, askedAt: question.askedAt)
            return next.map { .keep($0) } ?? .over(.mistaken)
        case .refused(let refusal):
            if question.presented != nil, let reason = SignInReason(refusal) {
                return .over(reason)
            }
            return .giveUp(.refused(refusal), until: question.now + policy.longest)
        case .impossible(let error):
            return .giveUp(error, until: question.now + policy.longest)
        case .lost(let lost):
            let wait = max(
                policy.wait(after: question.lost, chance: question.chance),
                lost.retryAfter ?? .zero
            )
            if question.now + wait <= question.begunAt + policy.patience {
                return .again(after: wait)
            }
            let until = question.now + max(policy.longest, lost.retryAfter ?? .zero)
            return .giveUp(
                ClientError(.offline, lost.description, retryAt: until),
                until: until
            )
        }
    }
}
