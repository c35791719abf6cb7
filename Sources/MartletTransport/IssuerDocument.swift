package import MartletProtocol
import Synchronization

/// What one issuer says of itself: its metadata, fetched when it is needed and kept (RFC 8414 §3,
/// OpenID Connect Discovery §4).
///
/// A document that names another issuer is never believed, whatever address it came from (RFC 8414
/// §3.3). One fetch runs at a time; while the issuer cannot be reached, what is known stays good.
package final class IssuerDocument: Sendable {
    /// After so many seconds the document is fetched anew.
    package static let lifetime: Double = 600
    /// After a fetch that failed, a document that is known is used so many seconds more before the
    /// next one: nobody waits each time for a server that is down.
    package static let failureInterval: Double = 2

    /// Why there is no document.
    package enum Failure: Error {
        /// The issuer is not an https address (or http on loopback).
        case insecure
        /// The server publishes none.
        case absent
        /// The document names another issuer.
        case foreign
        /// No answer, or none that says anything.
        case none(String, underlying: (any Error)?)
    }

    private struct Held {
        let json: JSONValue
        var goodUntil: Double
    }

    private let issuer: String
    private let transport: any HTTPTransport
    private let secondsSince1970: @Sendable () -> Double
    private let held = Mutex<Held?>(nil)
    private let asking = SharedWork<JSONValue>()

    package init(
        issuer: String,
        transport: any HTTPTransport,
        secondsSince1970: @escaping @Sendable () -> Double
    ) {
        self.issuer = issuer
        self.transport = transport
        self.secondsSince1970 = secondsSince1970
    }

    /// What is kept if it is good; else what the server says now; else, if it says nothing, what is
    /// kept.
    ///
    /// - Throws: ``Failure``, or `CancellationError`.
    package func json() async throws -> JSONValue {
        let known = held.withLock { $0 }
        if let known, secondsSince1970() < known.goodUntil { return known.json }
        do {
            return try await asking.value { [self] in try await ask() }
        } catch Failure.none(let sentence, let underlying) {
            guard let known else { throw Failure.none(sentence, underlying: underlying) }
            let now = secondsSince1970()
            held.withLock { $0?.goodUntil = now + Self.failureInterval }
            return known.json
        }
    }

    /// Both well-known addresses in turn: a server has one of them at least.
    private func ask() async throws -> JSONValue {
        guard let addresses = IssuerAddress.ofMetadata(issuer) else { throw Failure.insecure }
        var failure = Failure.absent
        for address in addresses {
            switch await PublishedDocument.get(address, by: transport) {
            case .document(let json):
                guard let named = json[ServerMetadataName.issuer]?.string,
                    named.isSameText(as: issuer)
                else { throw Failure.foreign }
                let goodUntil = secondsSince1970() + Self.lifetime
                held.withLock { $0 = Held(json: json, goodUntil: goodUntil) }
                return json
            case .absent: continue
            case .insecure: failure = .insecure
            case .none(let sentence, let underlying):
                failure = .none(sentence, underlying: underlying)
            }
        }
        throw failure
    }
}
