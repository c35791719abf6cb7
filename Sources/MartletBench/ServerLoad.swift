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
        beside: @escaping () throws -> Void = {}
    ) throws -> Sample {
        let load = load(connections, seconds: seconds, pause: pause, beside: beside)
        let seeded = seeded
        return try pool.lend(sessions) { tokens, rest in
            try load(.refresh(seeded.client, tokens: tokens, rest: rest))
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
        let (seeded, load) = (seeded, load(connections, seconds: nil, pause: 0))
        let (collected, openIDCollected) = (accessTokens, openIDAccessTokens)
        _ = try pool.lend(connections) { tokens, rest in
            try load(
                .refresh(seeded.client, tokens: tokens, rest: rest, collectingIn: collected)
            )
        }
        _ = try openIDPool.lend(connections) { tokens, rest in
            try load(
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
        try load(connections, seconds: nil, pause: 0)(request)
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

    private func load(
        _ connections: Int,
        seconds: Int?,
        pause: Double,
        beside: @escaping () throws -> Void = {}
    ) -> (LoadRequest) throws -> Sample {
        let (figures, seconds) = (server.process.figures, seconds ?? self.seconds)
        let (port, core, folder) = (server.port, cores.load, folder)
        return { request in
            let before = try figures.processorTime()
            let answered = try Load(
                port: port,
                connections: connections,
                seconds: seconds,
                pause: pause,
                request: request,
                core: core,
                folder: folder
            ).run(beside: beside)
            return Sample(answered, processorTime: try figures.processorTime() - before)
        }
    }
}
