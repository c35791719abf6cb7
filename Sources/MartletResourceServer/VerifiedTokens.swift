import MartletProtocol
import Synchronization

/// Tokens whose signature was verified a moment ago, so that a client that sends the same one with
/// every request costs one signature and not one each time.
///
/// Only what cannot change is kept: that this very text was signed by this very key, and what it says.
/// Times, scopes and whether the issuer still publishes the key are looked at each time.
///
/// Two halves: entries go into the young one; when it is full it becomes the old one, and what was in
/// the old one is forgotten. Whatever is used moves to the young one, so a token in use stays.
final class VerifiedTokens: Sendable {
    struct Entry: Sendable {
        let key: JSONWebKey
        let keyID: String?
        let algorithm: SignatureAlgorithm
        let token: AccessToken
    }

    private struct State {
        var young: [[UInt8]: Entry] = [:]
        var old: [[UInt8]: Entry] = [:]
    }

    private let halfCapacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: How many tokens are kept at most; 2 at least.
    init(capacity: Int) {
        halfCapacity = max(1, capacity / 2)
    }

    /// What is known of a token. Tokens are compared byte for byte.
    func entry(for token: [UInt8]) -> Entry? {
        state.withLock { state in
            if let entry = state.young[token] { return entry }
            guard let entry = state.old[token] else { return nil }
            keep(entry, for: token, in: &state)
            return entry
        }
    }

    func keep(_ entry: Entry, for token: [UInt8]) {
        state.withLock { keep(entry, for: token, in: &$0) }
    }

    private func keep(_ entry: Entry, for token: [UInt8], in state: inout State) {
        if state.young.count >= halfCapacity, state.young[token] == nil {
            state.old = state.young
            state.young = [:]
        }
        state.young[token] = entry
    }
}
