import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// `GET /demo/events?after=7`: what happened to sessions since event 7, as soon as there is any.
///
/// It answers a question at a time rather than a stream without end: a browser opens six connections
/// to a server and no more, and a page that nobody looks at gives its one back.
struct DemoFeedEndpoint {
    let feed: DemoFeed
    let app: DemoApp

    func answer(_ request: Request) async throws -> Response {
        let number = request.uri.queryParameters["after"].flatMap { Int($0) } ?? 0
        let events = await feed.events(after: number)
        let overlap = try await app.overlap()
        var writer = JSONWriter()
        writer.object { body in
            body.member("run", feed.run)
            body.member("overlap", overlap)
            body.member(
                "events",
                array: { list in
                    for event in events { list.element { $0.object(event.write) } }
                }
            )
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }
}

extension DemoFeed.Event {
    fileprivate func write(_ body: inout JSONWriter) {
        body.member("number", number)
        body.member("at", at.microseconds / 1000)
        body.member("session", session.description)
        body.member("generation", generation)
        switch happening {
        case .made: body.member("what", "made")
        case .rotated: body.member("what", "rotated")
        case .repeated: body.member("what", "repeated")
        case .reuse(let kind):
            body.member("what", "reuse")
            body.member("kind", kind.rawValue)
        case .refused(let reason):
            body.member("what", "refused")
            body.member("reason", reason.rawValue)
        case .ended(let reason):
            body.member("what", "ended")
            body.member("reason", reason.rawValue)
        }
    }
}
