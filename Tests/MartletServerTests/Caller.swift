import HTTPTypes
import HummingbirdTesting
import MartletProtocol
import NIOCore
import Testing

/// Sends requests as a client of the protocol would, and as none ever should.
struct Caller: Sendable {
    let client: any TestClientProtocol

    /// The port of a server that listens.
    func port() throws -> Int { try #require(client.port) }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        headers: HTTPFields = [:],
        body: [UInt8]? = nil
    ) async throws -> Answer {
        let response = try await client.executeRequest(
            uri: path,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(bytes: $0) }
        )
        return Answer(
            status: response.status.code,
            headers: response.headers,
            body: Array(response.body.readableBytesView)
        )
    }

    func get(_ path: String) async throws -> Answer { try await send(.get, path) }

    /// Posts a body of our own making as a form.
    func post(
        _ path: String = "/oauth/token",
        body: String,
        as client: KnownClient? = .app,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        headers[.contentType] = headers[.contentType] ?? Form.contentType
        headers[.authorization] = headers[.authorization] ?? client?.basic
        return try await send(.post, path, headers: headers, body: Array(body.utf8))
    }

    /// Posts a form. A client without a secret names itself in the body.
    func submit(
        _ form: KeyValuePairs<String, String>,
        to path: String = "/oauth/token",
        as client: KnownClient? = .app
    ) async throws -> Answer {
        let pairs = form.map { ($0.key, $0.value) }
        guard let client, client.secret == nil else {
            return try await post(path, body: Form.encode(pairs), as: client)
        }
        return try await post(
            path,
            body: Form.encode(pairs + [("client_id", client.id)]),
            as: nil
        )
    }

    func signIn(as client: KnownClient = .app) async throws -> Tokens {
        let answer = try await submit(
            [
                "grant_type": "password", "username": TestServer.username,
                "password": TestServer.password,
            ],
            as: client
        )
        try #require(answer.status == 200)
        return try answer.tokens()
    }

    func refresh(_ token: String, as client: KnownClient = .app) async throws -> Answer {
        try await submit(["grant_type": "refresh_token", "refresh_token": token], as: client)
    }

    func introspect(_ token: String, as client: KnownClient = .app) async throws -> Answer {
        try await submit(["token": token], to: "/oauth/introspect", as: client)
    }
}

/// What came back.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> JSONObject {
        try #require(try JSONValue(parsing: body).object, "no JSON object: \(text)")
    }

    func member(_ name: String) throws -> String? { try json()[name]?.string }

    func tokens() throws -> Tokens {
        Tokens(
            access: try #require(try member("access_token")),
            refresh: try #require(try member("refresh_token"))
        )
    }

    /// What RFC 6749 §5.2 asks of every refusal, and a sentence for people.
    func expectError(
        _ code: String,
        status: Int = 400,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(self.status == status, "\(text)", sourceLocation: location)
        let json = try json()
        #expect(json["error"]?.string == code, "\(text)", sourceLocation: location)
        #expect(json.members.map(\.name) == ["error", "error_description"])
        let sentence = try #require(json["error_description"]?.string)
        #expect(sentence.last == ".", sourceLocation: location)
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
        #expect(
            sentence.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C },
            sourceLocation: location
        )
        expectUncachedJSON(location)
        #expect(
            headers[.wwwAuthenticate]
                == (status == 401 ? #"Basic realm="martlet", charset="UTF-8""# : nil),
            sourceLocation: location
        )
    }

    func expectUncachedJSON(_ location: SourceLocation = #_sourceLocation) {
        #expect(headers[.contentType] == "application/json", sourceLocation: location)
        #expect(headers[.cacheControl] == "no-store", sourceLocation: location)
        #expect(headers[values: .pragma] == ["no-cache"], sourceLocation: location)
    }
}

struct Tokens: Sendable {
    let access: String
    let refresh: String
}

extension HTTPField.Name {
    static let pragma = named("pragma")
    static let allow = named("allow")
    static let referrerPolicy = named("referrer-policy")

    private static func named(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a name: \(name)") }
        return name
    }
}

/// Writing `application/x-www-form-urlencoded`.
enum Form {
    static let contentType = "application/x-www-form-urlencoded"

    static func encode(_ pairs: [(String, String)]) -> String {
        pairs.map { encode($0.0) + "=" + encode($0.1) }.joined(separator: "&")
    }

    static func encode(_ text: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            if plain.contains(byte) { return [byte] }
            if byte == UInt8(ascii: " ") { return [UInt8(ascii: "+")] }
            return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
