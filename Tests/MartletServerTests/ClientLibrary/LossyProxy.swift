import AsyncHTTPClient
import MartletProtocol
import MartletTesting
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

/// What stands between an app and the server and loses answers: the server has done what was asked,
/// and the app is not told. It counts the refreshes that are under way.
final class LossyProxy: Sendable {
    /// Which answers of the token endpoint are lost.
    enum Losses: Sendable, CustomTestStringConvertible {
        case none
        case everyThird
        /// One in three, as a seed determines.
        case atRandom(seed: UInt64)

        var seed: UInt64 {
            switch self {
            case .none, .everyThird: 0
            case .atRandom(let seed): seed
            }
        }

        var testDescription: String {
            switch self {
            case .none: "none"
            case .everyThird: "every third"
            case .atRandom(let seed): "one in three, seed \(seed)"
            }
        }
    }

    /// What went through.
    struct Traffic: Sendable {
        var refreshesNow = 0
        /// The most refreshes that were under way at one moment.
        var mostRefreshes = 0
        var refreshes = 0
        var answers = 0
        var lost = 0
        /// The refresh tokens that were presented, each once.
        var presented: Set<String> = []
    }

    let port: Int
    var issuer: String { "http://localhost:\(port)" }
    private let channel: any Channel
    private let losses: Losses
    private let random: SeededRandom
    private let traffic = Mutex(Traffic())
    private let target = Mutex(0)
    private let asides = Mutex<[String: @Sendable (String) async -> String]>([:])

    private init(_ losses: Losses) async throws {
        self.losses = losses
        random = SeededRandom(seed: losses.seed)
        let route = Route()
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ProxyDoor(route))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = try #require(channel.localAddress?.port)
        route.proxy.withLock { $0 = self }
    }

    /// Runs a test with a proxy, whose address is known before the server's is.
    static func run<Value: Sendable>(
        _ losses: Losses = .none,
        _ body: @Sendable (LossyProxy) async throws -> Value
    ) async throws -> Value {
        let proxy = try await LossyProxy(losses)
        do {
            let value = try await body(proxy)
            try await proxy.channel.close()
            return value
        } catch {
            try await proxy.channel.close()
            throw error
        }
    }

    /// Where requests go on to.
    func forward(to port: Int) { target.withLock { $0 = port } }

    /// Answers a path by itself, given the query; such answers are not lost.
    func aside(_ path: String, _ answer: @escaping @Sendable (String) async -> String) {
        asides.withLock { $0[path] = answer }
    }

    var seen: Traffic { traffic.withLock { $0 } }

    // MARK: - One request

    fileprivate struct Answer: Sendable {
        var status: HTTPResponseStatus = .ok
        var headers = HTTPHeaders()
        var body = ByteBuffer()
    }

    /// The answer to a request, or nil if it is lost.
    fileprivate func answer(_ head: HTTPRequestHead, _ body: ByteBuffer) async -> Answer? {
        let parts = head.uri.split(separator: "?", maxSplits: 1).map(String.init)
        if let aside = asides.withLock({ $0[parts[0]] }) {
            let text = await aside(parts.count > 1 ? parts[1] : "")
            return Answer(body: ByteBuffer(string: text))
        }
        guard parts[0] == "/oauth/token" else { return await upstream(head, body) }
        let form = try? FormParameters(parsing: Array(body.readableBytesView))
        let token = (try? form?.one("refresh_token")) ?? nil
        begin(refreshing: token)
        let answer = await upstream(head, body)
        return end(refreshing: token) ? nil : answer
    }

    private func begin(refreshing token: String?) {
        guard let token else { return }
        traffic.withLock { traffic in
            traffic.refreshes += 1
            traffic.refreshesNow += 1
            traffic.mostRefreshes = max(traffic.mostRefreshes, traffic.refreshesNow)
            traffic.presented.insert(token)
        }
    }

    /// Whether the answer is lost.
    private func end(refreshing token: String?) -> Bool {
        traffic.withLock { traffic in
            if token != nil { traffic.refreshesNow -= 1 }
            traffic.answers += 1
            let isLost =
                switch losses {
                case .none: false
                case .everyThird: traffic.answers.isMultiple(of: 3)
                case .atRandom: random.next() % 3 == 0
                }
            if isLost { traffic.lost += 1 }
            return isLost
        }
    }

    private func upstream(_ head: HTTPRequestHead, _ body: ByteBuffer) async -> Answer? {
        let port = target.withLock { $0 }
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(head.uri)")
        request.method = head.method
        for (name, value) in head.headers
        where !["connection", "content-length", "transfer-encoding"].contains(name.lowercased()) {
            request.headers.add(name: name, value: value)
        }
        if body.readableBytes > 0 { request.body = .bytes(body) }
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(30)),
            let collected = try? await response.body.collect(upTo: 1 << 20)
        else { return nil }
        var headers = response.headers
        for name in ["connection", "content-length", "transfer-encoding"] {
            headers.remove(name: name)
        }
        return Answer(status: response.status, headers: headers, body: collected)
    }
}

/// The proxy that a connection belongs to, known once it listens.
private final class Route: Sendable {
    let proxy = Mutex<LossyProxy?>(nil)
}

/// One connection: a request at a time, answered whole or cut off.
private final class ProxyDoor: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let route: Route
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ route: Route) {
        self.route = route
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            guard let head, let proxy = route.proxy.withLock({ $0 }) else { return }
            let (channel, body) = (context.channel, body)
            Task {
                guard var answer = await proxy.answer(head, body) else {
                    try? await channel.close()
                    return
                }
                answer.headers.add(name: "content-length", value: "\(answer.body.readableBytes)")
                let start = HTTPResponseHead(
                    version: .http1_1,
                    status: answer.status,
                    headers: answer.headers
                )
                channel.write(HTTPServerResponsePart.head(start), promise: nil)
                channel.write(HTTPServerResponsePart.body(.byteBuffer(answer.body)), promise: nil)
                channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
            }
        }
    }
}
