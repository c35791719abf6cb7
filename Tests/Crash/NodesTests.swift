import Foundation
import MartletProtocol
import MartletTesting
import Testing

extension CrashProofs {
    @Suite("Several nodes on one PostgreSQL")
    struct NodesTests {
        private func run(
            _ body: (Nodes, PostgresServer) async throws -> Void
        ) async throws {
            let database = try PostgresServer()
            try await database.start()
            let nodes = try Nodes(2, on: database.url())
            try await nodes.start()
            try await body(nodes, database)
            nodes.stop()
            database.stop()
        }

        @Test("a node that is killed mid-request: every answered token counts on the others")
        func killed() async throws {
            try await run { nodes, _ in
                for round in 1...rounds {
                    try await nodes.with { first, second in
                        let one = Load(on: first)
                        let other = Load(on: second)
                        async let firstTold = one.run(try await sessions(by: first))
                        async let secondTold = other.run(try await sessions(by: second))
                        #expect(await one.goesOn(by: 100), "the load was hardly one")
                        nodes.servers[0].kill()
                        #expect(await other.goesOn(by: 100), "the other node does not go on")
                        other.stop()
                        let told = try await firstTold + secondTold
                        report(one.soFar.complaints + other.soFar.complaints, "round \(round)")
                        let inspection = Inspection(client: second)
                        let (alive, complaints) = await inspection.inspect(told)
                        report(complaints, "round \(round), afterwards")
                        #expect(!alive.isEmpty)
                        report(await inspection.end(alive), "round \(round), in the end")
                    }
                    try await nodes.servers[0].start()
                }
            }
        }

        @Test("a token that two nodes are shown at once, 1000 times: both answer the same one")
        func sameToken() async throws {
            try await run { nodes, database in
                try await nodes.with { first, second in
                    var token = try #require(await first.signIn(to: .lenient).refreshToken)
                    for round in 1...1000 {
                        let told = await show(token, of: .lenient, to: first, second)
                        let isSame = told.count == 2 && told[0] == told[1] && told[0] != token
                        try #require(isSame, "round \(round)")
                        token = told[0]
                    }
                    let generation = try database.execute(
                        "SELECT max(generation) FROM martlet_family_state"
                    )
                    #expect(generation == "1000")
                }
            }
        }

        /// The successors that both answer who are shown a token at once.
        private func show(
            _ token: String,
            of app: App,
            to first: TokenClient,
            _ second: TokenClient
        ) async -> [String] {
            async let one = first.refresh(token, of: app)
            async let other = second.refresh(token, of: app)
            return [await one.refreshToken, await other.refreshToken].compactMap(\.self)
        }

        @Test("where a token must not be used twice, two nodes answer one, and end the session")
        func reuse() async throws {
            try await run { nodes, _ in
                try await nodes.with { first, second in
                    for round in 1...50 {
                        let token = try #require(await first.signIn(to: .strict).refreshToken)
                        let told = await show(token, of: .strict, to: first, second)
                        #expect(told.count == 1, "round \(round)")
                        for successor in told {
                            #expect(await second.isActive(successor, of: .strict) == false)
                        }
                    }
                }
            }
        }

        @Test("what is changed on one node counts on the others within a second")
        func agree() async throws {
            try await run { nodes, _ in
                let (one, other) = (nodes.servers[0], nodes.servers[1])
                let made = try one.run(
                    ["client", "create", "--metadata", "-", "--json"],
                    input: #"{"grant_types": ["client_credentials"]}"#
                )
                let id = try #require(made["client_id"]?.string)
                let secret = try #require(made["client_secret"]?.string)
                let form = "grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)"
                #expect(try await other.post(form)["expires_in"]?.integer == 600)
                _ = try one.run(
                    ["client", "update", id, "--metadata", "-", "--json"],
                    input: #"{"grant_types": ["client_credentials"], "access_token_lifetime": 77}"#
                )
                #expect(try await other.post(form)["expires_in"]?.integer == 77)
                let before = try await other.keyCount()
                _ = try one.run(["key", "rotate", "--json"])
                let end = ContinuousClock.now + .seconds(1)
                while try await other.keyCount() == before, ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(try await other.keyCount() > before, "the other node's keys are old")
                _ = try one.run(["client", "delete", id, "--json"])
                #expect(try await other.post(form)["error"] == "invalid_client")
            }
        }

        @Test("a node with another master key says so, and does not start")
        func otherMasterKey() async throws {
            try await run { nodes, database in
                let other = Base64URL.encode([UInt8](repeating: 12, count: 32))
                let stranger = try Nodes.node(on: database.url(), masterKey: other)
                let failure = await #expect(throws: ServerProcess.Failure.self) {
                    try await stranger.start()
                }
                #expect(failure?.description.contains("master key") == true, "\(failure as Any)")
                try await TokenClient.with(url: nodes.servers[0].url) { client in
                    #expect(await client.signIn(to: .strict).refreshToken != nil)
                }
            }
        }
    }
}

/// A command that came to nothing.
private struct Refused: Error {
    let arguments: [String]
}

extension ServerProcess {
    /// Runs a command with this server's configuration; answers the JSON that it prints.
    fileprivate func run(_ arguments: [String], input: String = "") throws -> JSONValue {
        let process = Process()
        process.executableURL = Self.binary
        process.arguments = arguments + ["--config", configurationPath]
        // What these tests are told by is no setting of the program's.
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("MARTLET_") }
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Refused(arguments: arguments)
        }
        return try JSONValue(parsing: Array(output))
    }

    /// What the token endpoint answers to this form.
    fileprivate func post(_ form: String) async throws -> JSONValue {
        try JSONValue(parsing: try await curl(["--data", form, "\(url)/oauth/token"]))
    }

    /// How many keys it publishes.
    fileprivate func keyCount() async throws -> Int {
        let keys = try JSONValue(parsing: try await curl(["\(url)/oauth/jwks"]))
        return keys["keys"]?.array?.count ?? 0
    }

    private func curl(_ arguments: [String]) async throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["curl", "--silent"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Array(bytes)
    }
}
