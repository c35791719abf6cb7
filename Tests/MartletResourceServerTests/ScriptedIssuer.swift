import Foundation
import HTTPTypes
import MartletProtocol
import MartletTransport
import Synchronization

/// An issuer at the other end of a transport that a test holds: it publishes, it answers questions
/// about tokens, it is down when the test says so, and it counts.
final class ScriptedIssuer: HTTPTransport {
    struct Down: Error {}

    struct Asked: Sendable {
        let address: String
        let authorization: String?
        let form: String
    }

    private struct State {
        var isDown = false
        var documents: [String: JSONValue] = [:]
        var introspection: (status: Int, body: String) = (200, #"{"active":false}"#)
        var asked: [Asked] = []
        var gate: [CheckedContinuation<Void, Never>] = []
        var isHeld = false
        var now = Double(Forge.now)
    }

    static let keysAddress = Forge.issuer + "/oauth/jwks"
    static let introspectionAddress = Forge.issuer + "/oauth/introspect"
    static let metadataAddress = Forge.issuer + ServerMetadataName.wellKnownPath

    private let state = Mutex(State())

    init(_ keys: JSONWebKeySet = JSONWebKeySet([]), issuer: String = Forge.issuer) {
        publish(
            [
                "issuer": .string(issuer), "jwks_uri": .string(Self.keysAddress),
                "introspection_endpoint": .string(Self.introspectionAddress),
            ],
            at: Self.metadataAddress
        )
        publish(keys)
    }

    var clock: @Sendable () -> Double { { self.state.withLock { $0.now } } }

    func advance(_ seconds: Double) { state.withLock { $0.now += seconds } }

    func publish(_ json: JSONValue, at address: String) {
        state.withLock { $0.documents[address] = json }
    }

    func publish(_ keys: JSONWebKeySet) {
        var writer = JSONWriter()
        keys.write(to: &writer)
        if let json = try? JSONValue(parsing: writer.bytes) {
            publish(json, at: Self.keysAddress)
        }
    }

    func answerQuestions(_ body: String, status: Int = 200) {
        state.withLock { $0.introspection = (status, body) }
    }

    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    /// Answers to questions about tokens are held back until ``release()``; documents are not.
    func hold() { state.withLock { $0.isHeld = true } }

    func release() {
        let waiting = state.withLock { state in
            defer { state.gate = [] }
            state.isHeld = false
            return state.gate
        }
        for one in waiting { one.resume() }
    }

    func asked(_ address: String) -> [Asked] {
        state.withLock { $0.asked.filter { $0.address == address } }
    }

    func send(_ request: HTTPRequest, body: Data) async throws -> (Data, HTTPResponse) {
        let address = request.address
        state.withLock {
            $0.asked.append(
                Asked(
                    address: address,
                    authorization: request.headerFields[.authorization],
                    form: String(decoding: body, as: UTF8.self)
                )
            )
        }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                let isHeld = state.isHeld && address == Self.introspectionAddress
                if isHeld { state.gate.append(continuation) }
                return isHeld
            }
            if !isHeld { continuation.resume() }
        }
        let now = state.withLock { $0 }
        if now.isDown { throw Down() }
        if address == Self.introspectionAddress {
            let (status, body) = now.introspection
            return (Data(body.utf8), HTTPResponse(status: .init(code: status)))
        }
        guard let document = now.documents[address] else {
            return (Data(), HTTPResponse(status: .notFound))
        }
        return (Data(document.encoded()), HTTPResponse(status: .ok))
    }
}
