import Foundation

/// Where everything of one seeded store lies: the store itself, what `martlet serve` needs beside
/// it, and what the load needs to know.
struct SeededFolder {
    let path: String

    /// Tokens carry it, so it stays the same wherever the server listens.
    static let issuer = "http://localhost:8080"

    var store: String { file("martlet.db") }
    var masterKey: String { file("martlet.key") }
    var configuration: String { file("martlet.yaml") }
    var log: String { file("server.log") }
    /// One refresh token a line, of sessions whose refresh is one signature.
    var refreshTokens: String { file("refresh-tokens.txt") }
    /// The same of sessions with `openid`, whose access tokens the UserInfo endpoint takes.
    var openIDRefreshTokens: String { file("openid-refresh-tokens.txt") }
    var seeded: String { file("seeded.json") }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ seeded: SeededStore) throws {
        try JSONEncoder().encode(seeded).write(to: URL(fileURLWithPath: self.seeded))
    }

    func read() throws -> SeededStore {
        let data = try Data(contentsOf: URL(fileURLWithPath: seeded))
        return try JSONDecoder().decode(SeededStore.self, from: data)
    }

    /// One a line.
    static func write(_ lines: [String], to path: String) throws {
        let text = lines.map { $0 + "\n" }.joined()
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    static func lines(of path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

/// What a seeded store holds and who may ask it: all of it thrown away with the folder.
struct SeededStore: Codable {
    struct Credentials: Codable {
        let id: String
        let secret: String
    }

    let families: Int
    let live: Int
    /// Gets no ID token: a refresh is one signature.
    let client: Credentials
    /// Has the scope `openid`.
    let openIDClient: Credentials
    /// The API, which introspects.
    let resource: Credentials
    let bytesPerFamily: Int
    /// Everybody's, fit for a form as it is.
    let password: String
}
