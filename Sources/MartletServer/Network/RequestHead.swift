import HTTPTypes
import NIOHTTP1
import NIOHTTPTypesHTTP1

extension HTTPRequest {
    /// A request's head in the types that the router reads.
    ///
    /// The library's own conversion takes every target for a URL, and looks for the host in every
    /// header; that is needed where the target is a whole URL, which only proxies are sent.
    ///
    /// - Throws: when it asks for something by a method whose name is none (RFC 9110 §9.1).
    init(_ head: HTTPRequestHead) throws {
        guard head.namesItsHost else { throw MissingHost() }
        guard head.uri.utf8.first == UInt8(ascii: "/") else {
            try self.init(head, secure: false, splitCookie: false)
            return
        }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var host: String?
        for (name, value) in head.headers {
            if host == nil, Self.isHost(name) {
                host = value
            } else if let name = HTTPField.Name(name) {
                fields.append(HTTPField(name: name, value: value))
            }
        }
        self.init(
            method: try Method(head.method),
            scheme: "http",
            authority: host,
            path: head.uri,
            headerFields: fields
        )
    }

    fileprivate static func isHost(_ name: String) -> Bool {
        name.utf8.count == 4
            && name.utf8.elementsEqual("host".utf8) { $0 | 0x20 == $1 }
    }

    private struct MissingHost: Error {}
}

extension HTTPRequestHead {
    /// Whether there is one `Host`, as HTTP/1.1 has it (RFC 9112 §3.2). HTTP/1.0 knows none, and
    /// HTTP/2 has a name of its own for it.
    fileprivate var namesItsHost: Bool {
        let count = headers.lazy.filter { HTTPRequest.isHost($0.name) }.count
        return version == .http1_1 ? count == 1 : count <= 1
    }

    /// Whether the client wants to speak something else from here on. It may not have it (RFC 9110
    /// §7.8, §9.3.6), but the library's parser stops.
    var asksForAnotherProtocol: Bool {
        method == .CONNECT || headers.contains(name: "upgrade")
    }

    /// Whether the body is sent only when the server has said that it wants it (RFC 9110 §10.1.1).
    var waitsForConsent: Bool {
        guard !version.isBeforeChunks, let expected = headers.first(name: "expect") else {
            return false
        }
        return expected.lowercased() == "100-continue"
    }
}

extension HTTPFields {
    /// The value of a field; of one that comes more than once all values, in one line (RFC 9110 §5.3).
    ///
    /// The library's subscript says the same from an index, which it makes of all fields first.
    func value(of name: HTTPField.Name) -> String? {
        var value: String?
        for field in self where field.name == name {
            guard value == nil else { return self[name] }
            value = field.value
        }
        return value
    }
}
