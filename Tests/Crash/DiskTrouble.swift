import MartletTesting
import Testing

/// The course that every trouble with a disk takes: a server under load, the trouble, and either the
/// end of the trouble or of the server.
struct DiskTrouble {
    /// What comes after the requests that were put off.
    enum Course: String, Sendable, CaseIterable {
        /// The trouble ends, the server goes on by itself; later it comes to a sudden end.
        case recovery
        /// The server is killed in the middle of the trouble, and started again in it.
        case death
    }

    let server: ServerProcess
    let disk: FaultyDisk
    /// What became of a request that was answered with 503 if the server dies right after it.
    let afterDeath: Inspection.LastRequest
    let begin: () throws -> Void
    let end: () throws -> Void

    func take(_ course: Course, laterEnd: CrashProofs.SuddenEnd) async throws {
        try await server.start()
        let (tally, sessions) = try await TokenClient.with(url: server.url) { client in
            try await load(course, client)
        }
        CrashProofs.report(tally.complaints, "\(course)")
        switch course {
        case .recovery:
            let going = try await look(at: sessions, after: .notDone, "without a restart")
            try await dieLater(going, by: laterEnd)
        case .death:
            try await server.start()
            try await TokenClient.with(url: server.url) { client in
                #expect(await client.get("/healthz") == 200, "no /healthz after a start in trouble")
            }
            try end()
            try await settle()
            _ = try await look(at: sessions, after: afterDeath, "after death in trouble")
        }
        server.stop()
        try CrashProofs.expectSound(server)
    }

    /// Runs a load into the trouble, and out of it again or to the server's end.
    private func load(
        _ course: Course,
        _ client: TokenClient
    ) async throws -> (Load.Tally, [Session]) {
        let bystander = try #require(await client.signIn(to: .strict).refreshToken)
        let sessions = try await CrashProofs.sessions(by: client)
        let load = Load(on: client)
        async let loaded = load.run(sessions)
        #expect(await load.goesOn(by: 100), "the load was hardly one")
        try begin()
        #expect(await load.isPutOff(30), "no request was answered with 503")
        #expect(await client.get("/healthz") == 200, "/healthz does not answer")
        #expect(await client.get("/oauth/jwks") == 200, "the keys are not published")
        let isActive = await client.isActive(bystander, of: .strict)
        #expect(isActive == true, "what only reads does not work")
        #expect(await load.isPutOff(30), "the requests are not answered with 503 any more")
        switch course {
        case .recovery:
            try end()
            #expect(await load.goesOn(by: 200), "the server did not recover by itself")
            load.stop()
        case .death: server.kill()
        }
        return (load.soFar, await loaded)
    }

    /// A session of before the trouble's end may be asked for while the server still finds out.
    private func settle() async throws {
        try await TokenClient.with(url: server.url) { client in
            let load = Load(on: client)
            async let loaded = load.run([])
            #expect(await load.goesOn(by: 3), "the server did not recover by itself")
            load.stop()
            _ = await loaded
        }
    }

    private func look(
        at sessions: [Session],
        after last: Inspection.LastRequest,
        _ words: String
    ) async throws -> [Session] {
        try await TokenClient.with(url: server.url) { client in
            let (alive, complaints) = await Inspection(client: client)
                .inspect(sessions, after: last)
            CrashProofs.report(complaints, words)
            #expect(!alive.isEmpty)
            return alive
        }
    }

    /// Goes on for a while and comes to a sudden end: what was told in and after the trouble is on
    /// the disk as well.
    private func dieLater(_ sessions: [Session], by end: CrashProofs.SuddenEnd) async throws {
        let (tally, told) = try await TokenClient.with(url: server.url) { client in
            let load = Load(on: client)
            async let loaded = load.run(sessions)
            #expect(await load.goesOn(by: 50), "the server does not go on")
            try await end.happens(to: server, on: disk)
            return (load.soFar, await loaded)
        }
        CrashProofs.report(tally.complaints, "after the trouble")
        try await server.start()
        _ = try await look(at: told, after: .doneIfAnswered, "after the trouble and a sudden end")
    }
}
