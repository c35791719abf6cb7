/// Where a verifier finds the public keys of an issuer.
///
/// A `JSONWebKeySet` is a source of its own: fixed keys. A source that fetches
/// them answers ``keysAtHand()`` from its cache, so that almost every token is verified without
/// waiting, and fetches in ``keys(missing:)``, which is only asked when the cache does not do.
public protocol KeySource: Sendable {
    /// The keys that can be had without waiting, or nil if there are none yet.
    func keysAtHand() -> JSONWebKeySet?

    /// The keys after a look at where they come from, because a token names one that is not at hand.
    ///
    /// Anyone can make a token with an unknown `kid`, so a source must bound how often it fetches.
    ///
    /// - Parameter keyID: The `kid` that was not found, or nil if the token names none.
    /// - Returns: The keys; they may still lack that one.
    /// - Throws: Whatever went wrong. The request is then answered with 503, because nothing is known
    ///   against its token.
    func keys(missing keyID: String?) async throws -> JSONWebKeySet
}

extension JSONWebKeySet: KeySource {
    /// These keys.
    public func keysAtHand() -> JSONWebKeySet? { self }

    /// These keys again: a fixed set has no others.
    public func keys(missing keyID: String?) async throws -> JSONWebKeySet { self }
}
