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

    private static func isHost(_ name: String) -> Bool {
        name.utf8.count == 4
            && name.utf8.elementsEqual("host".utf8) { $0 | 0x20 == $1 }
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
