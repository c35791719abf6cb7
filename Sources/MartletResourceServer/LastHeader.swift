import MartletProtocol
import Synchronization

/// The header of the last token that verified: an issuer's tokens have one and the same until its key
/// changes, and what was read once need not be read each time.
final class LastHeader: Sendable {
    private let header = Mutex<JSONWebSignature.KnownHeader?>(nil)

    var known: JSONWebSignature.KnownHeader? { header.withLock { $0 } }

    /// - Parameter token: A token whose signature verified; nobody else may fill this place.
    func keep(headerOf token: JSONWebSignature) {
        if known?.isHeader(of: token) == true { return }
        let known = JSONWebSignature.KnownHeader(of: token)
        header.withLock { $0 = known }
    }
}
