import HTTPTypes
import MartletProtocol
import MartletTesting
import Testing

@Suite("Whatever is sent, nobody gets a 5xx, and every refusal is JSON")
struct HostileRequestTests {
    static let seed: UInt64 = 20_260_101
    static let rounds = 4000
    static let connections = 300

    @Test("thousands of mutated requests from a fixed seed")
    func mutated() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let tokens = try await caller.signIn()
            let attacker = Attacker(random: SeededRandom(seed: Self.seed), tokens: tokens)
            var seen: Set<Int> = []
            for round in 0..<Self.rounds {
                let attack = attacker.next()
                let answer = try await caller.send(
                    attack.method,
                    attack.path,
                    headers: attack.headers,
                    body: attack.body
                )
                try check(answer, to: attack, round)
                seen.insert(answer.status)
            }
            #expect(seen.isSuperset(of: [200, 400, 401, 404, 405]), "too tame: \(seen)")
            let after = try await caller.introspect(tokens.access)
            #expect(after.status == 200)
        }
        #expect(!test.log.lines.contains { $0.hasPrefix("error") || $0.hasPrefix("critical") })
    }

    @Test("hundreds of mutated byte streams over sockets, after which the server is well")
    func mutatedBytes() async throws {
        let test = try await TestServer()
        try await test.test(.socket) { caller in
            let attacker = Attacker(
                random: SeededRandom(seed: Self.seed),
                tokens: try await caller.signIn()
            )
            let raw = RawConnection(port: try caller.port())
            for round in 0..<Self.connections {
                let bytes = attacker.mutatedStream(of: ConnectionTests.good)
                let answers = try await raw.exchange([bytes], answers: .max, ending: true)
                #expect(
                    answers.allSatisfy { (200..<500).contains($0.status) },
                    "round \(round) of seed \(Self.seed): \(bytes) -> \(answers)"
                )
            }
            // The caller's own connection may have been idle for too long by now.
            let after = try await raw.exchange([ConnectionTests.good], answers: 1)
            #expect(after.map(\.status) == [200])
        }
        try await test.test { caller in
            let tokens = try await caller.signIn()
            #expect(tokens.refresh.hasPrefix("mrt_"))
        }
        #expect(!test.log.lines.contains { $0.hasPrefix("error") })
    }

    private func check(_ answer: Answer, to attack: Attack, _ round: Int) throws {
        let note: Comment = "round \(round) of seed \(Self.seed): \(attack) -> \(answer.text)"
        try #require(answer.status < 500, note)
        guard answer.status >= 400 else { return }
        #expect(answer.headers[.contentType] == "application/json", note)
        #expect(answer.headers[.cacheControl] == "no-store", note)
        #expect((answer.status == 401) == answer.headers.contains(.wwwAuthenticate), note)
        guard attack.method != .head else { return }
        let json = try #require(try? answer.json(), note)
        #expect(json["error"]?.string?.isEmpty == false, note)
        #expect(json["error_description"]?.string?.isEmpty == false, note)
    }
}

/// One request that nobody should send.
struct Attack: CustomStringConvertible {
    let method: HTTPRequest.Method
    let path: String
    let headers: HTTPFields
    let body: [UInt8]?

    var description: String {
        "\(method) \(path) \(headers) \(String(decoding: body ?? [], as: UTF8.self))"
    }
}

/// Makes requests that begin as good ones and then go wrong in a few places.
struct Attacker {
    let random: SeededRandom
    let tokens: Tokens

    func next() -> Attack {
        var headers = HTTPFields()
        if below(10) > 0 { headers[.contentType] = mutate(Form.contentType, oneIn: 20) }
        if below(4) > 0 {
            headers[.authorization] = mutate(pick(KnownClient.all).basic, oneIn: 3)
        }
        if below(10) == 0 { headers[.userAgent] = String(repeating: "u", count: below(3000)) }
        if below(20) == 0 {
            headers.append(.init(name: .authorization, value: pick(KnownClient.all).basic))
        }
        return Attack(
            method: below(12) == 0 ? pick([.get, .head, .put, .delete, .options]) : .post,
            path: mutate(pick(paths), oneIn: 8),
            headers: headers,
            body: below(30) == 0 ? nil : body()
        )
    }

    /// A few requests in a row, somewhere in which the bytes go wrong.
    func mutatedStream(of request: String) -> String {
        var bytes = Array(String(repeating: request, count: 1 + below(3)).utf8)
        mutate(&bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private let paths = [
        "/oauth/token", "/oauth/token", "/oauth/token", "/oauth/revoke", "/oauth/introspect",
        "/oauth/jwks", "/.well-known/openid-configuration", "/healthz",
    ]

    private func body() -> [UInt8] {
        let pairs = (0..<below(7)).map { _ in
            (pick(names), value())
        }
        let form = below(2) == 0 ? [("grant_type", pick(grants))] + pairs : pairs
        var bytes = Array(Form.encode(form).utf8)
        if below(3) == 0 { mutate(&bytes) }
        if below(200) == 0 { bytes += random.bytes(70_000) }
        return bytes
    }

    private let names = [
        "grant_type", "client_id", "client_secret", "username", "password", "scope", "resource",
        "refresh_token", "token", "token_type_hint", "x", "",
    ]
    private static let symbols = ["a", "\u{0}", "\u{1F426}", "%", "'", "\r\n"]
    private let grants = [
        "refresh_token", "client_credentials", "password", "authorization_code", "", "\u{0}",
    ]

    private func value() -> String {
        switch below(8) {
        case 0: pick(KnownClient.all).id
        case 1: pick(KnownClient.all).secret ?? ""
        case 2: mutate(tokens.refresh, oneIn: 2)
        case 3: mutate(tokens.access, oneIn: 2)
        case 4: pick(["read", "write", "read write", "openid", "\"", "\\", "r\u{E9}ad"])
        case 5: pick([TestServer.issuer, TestServer.api, "urn:x", "a b", "http://[::1", "//"])
        case 6: String(repeating: pick(Self.symbols), count: below(300))
        default: String(decoding: random.bytes(below(40)), as: UTF8.self)
        }
    }

    // MARK: - Chance

    private func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    private func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// The same text, or now and then one with a few printable characters changed.
    private func mutate(_ text: String, oneIn chance: Int) -> String {
        guard below(chance) == 0 else { return text }
        var bytes = Array(text.utf8)
        mutate(&bytes)
        return String(decoding: bytes.map { 0x21 + $0 % 0x5E }, as: UTF8.self)
    }

    private func mutate(_ bytes: inout [UInt8]) {
        for _ in 0...below(3) where !bytes.isEmpty {
            let place = below(bytes.count)
            switch below(4) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: random.bytes(below(4)), at: place)
            default: bytes.replaceSubrange(place..., with: bytes.prefix(below(bytes.count + 1)))
            }
        }
    }
}
