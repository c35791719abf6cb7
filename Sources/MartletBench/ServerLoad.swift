/// The loads that are put on one real server.
struct ServerLoad {
    private let server: RunningServer
    private let folder: SeededFolder
    private let seeded: SeededStore
    private let seconds: Int
    private let cores: Cores
    private var pool: TokenPool
    private var openIDPool: TokenPool

    init(
        _ server: RunningServer,
        _ folder: SeededFolder,
        seconds: Int,
        cores: Cores
    ) throws {
        self.server = server
        self.folder = folder
        self.seconds = seconds
        self.cores = cores
        seeded = try folder.read()
        pool = try TokenPool(folder, folder.refreshTokens)
        openIDPool = try TokenPool(folder, folder.openIDRefreshTokens)
    }

    /// Access tokens for the API, each good for an introspection.
    private var accessTokens: String { folder.file("access-tokens.txt") }
    /// Access tokens for the UserInfo endpoint.
    private var openIDAccessTokens: String { folder.file("openid-access-tokens.txt") }

    /// How many sessions are left to refresh.
    var sessions: Int { pool.tokens.count }

    func keepTokens() throws {
        try pool.save()
        try openIDPool.save()
    }

    /// Refreshes on so many connections, which share so many sessions.
    ///
    /// - Parameter beside: something to do while it runs.
    mutating func refresh(
        connections: Int,
        sessions: Int,
        seconds: Int? = nil,
        pause: Double = 0,
        beside: () throws -> Void = {}
    ) throws -> Sample {
        let prepared = prepared(connections, seconds: seconds, pause: pause)
        let client = seeded.client
        return try pool.lend(sessions) { tokens, rest in
            try prepared.put(.refresh(client, tokens: tokens, rest: rest), beside: beside)
        }
    }

    /// The same while people sign in with their passwords.
    mutating func refreshBesideSignIns(connections: Int) throws -> Sample {
        let signIns = SignIns(port: server.port, of: seeded)
        let sample = Result { try refresh(connections: connections, sessions: connections) }
        try signIns.stop()
        return try sample.get()
    }

    /// A first load, which warms everything up and leaves the access tokens that ``request(_:)``
    /// needs.
    mutating func collectAccessTokens(connections: Int) throws {
        let prepared = prepared(connections)
        let seeded = seeded
        let (collected, openIDCollected) = (accessTokens, openIDAccessTokens)
        _ = try pool.lend(connections) { tokens, rest in
            try prepared.put(
                .refresh(seeded.client, tokens: tokens, rest: rest, collectingIn: collected)
            )
        }
        _ = try openIDPool.lend(connections) { tokens, rest in
            try prepared.put(
                .refresh(
                    seeded.openIDClient,
                    tokens: tokens,
                    rest: rest,
                    collectingIn: openIDCollected
                )
            )
        }
    }

    /// Any load but refreshes.
    func call(_ request: LoadRequest, connections: Int) throws -> Sample {
        try prepared(connections).put(request)
    }

    /// What a load of this kind asks. That of refreshes is for a server that does not rotate: all
    /// connections bring the same token.
    func request(_ workload: Workload) -> LoadRequest {
        switch workload {
        case .refresh: .refresh(seeded.client, tokens: folder.file("same-token.txt"))
        case .clientCredentials: .clientCredentials(seeded.client)
        case .introspection: .introspection(seeded.resource, tokens: accessTokens)
        case .userInfo: .userInfo(tokens: openIDAccessTokens)
        }
    }

    /// What the server answers to one such request, for the bare server to answer too. Takes a
    /// session out of the pool if it needs one.
    mutating func answer(
        to workload: Workload,
        connections: Int
    ) throws -> LoopbackClient.Answer {
        let token: String
        switch workload {
        case .refresh:
            token = try pool.take(1)[0]
            let same = [String](repeating: token, count: connections)
            try SeededFolder.write(same, to: folder.file("same-token.txt"))
        case .clientCredentials: token = ""
        case .introspection: token = try SeededFolder.lines(of: accessTokens)[0]
        case .userInfo: token = try SeededFolder.lines(of: openIDAccessTokens)[0]
        }
        let request = request(workload).filled(with: token)
        guard let answer = LoopbackClient(port: server.port).send(request), answer.status == 200
        else { throw BenchError("the server does not answer a request of \(workload.shown)") }
        return answer
    }

    private func prepared(
        _ connections: Int,
        seconds: Int? = nil,
        pause: Double = 0
    ) -> Prepared {
        Prepared(
            server: server,
            folder: folder,
            core: cores.load,
            connections: connections,
            seconds: seconds ?? self.seconds,
            pause: pause
        )
    }

    /// A load but for what it asks.
    private struct Prepared {
        let server: RunningServer
        let folder: SeededFolder
        let core: Int?
        let connections: Int
        let seconds: Int
        let pause: Double

        func put(
            _ request: LoadRequest,
            beside: () throws -> Void = {}
        ) throws -> Sample {
            let before = try server.process.figures.processorTime()
            let answered = try Load(
                port: server.port,
                connections: connections,
                seconds: seconds,
                pause: pause,
                request: request,
                core: core,
                folder: folder
            ).run(beside: beside)
            let after = try server.process.figures.processorTime()
            return Sample(answered, processorTime: after - before)
        }
    }
}
