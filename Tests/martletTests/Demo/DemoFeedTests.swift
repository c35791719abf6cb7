import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import martlet

@Suite("The demo's feed")
struct DemoFeedTests {
    private let feed: DemoFeed
    private let first: FamilyID
    private let second: FamilyID

    init() throws {
        feed = DemoFeed(
            Surroundings(
                now: { Instant(seconds: 1000) },
                randomBytes: { .init(repeating: 7, count: $0) }
            )
        )
        first = try #require(FamilyID(7))
        second = try #require(FamilyID(8))
    }

    @Test("tells each session's life in order, and counts its generations")
    func life() async {
        for notice: AuthorizationServer.Notice in [
            .sessionMade(first), .issued(.authorizationCode), .rotated(first),
            .sessionMade(second), .rotated(first), .repeated(first), .reuse(first, .parallelUse),
            .refused(first, .reuse), .reuseAfterEnd(first, .reuse),
            .sessionEnded(second, .revokedByClient),
        ] {
            feed.take(notice)
        }
        let events = await feed.events(after: 0)
        #expect(events.map(\.number) == Array(1...9))
        #expect(
            events.filter { $0.session == first }.map(\.happening) == [
                .made, .rotated, .rotated, .repeated, .reuse(.parallelUse), .refused(.reuse),
                .refused(.reuse),
            ]
        )
        #expect(events.filter { $0.session == first }.map(\.generation) == [0, 1, 2, 2, 2, 2, 2])
        #expect(
            events.filter { $0.session == second }.map(\.happening)
                == [.made, .ended(.revokedByClient)]
        )
    }

    @Test("answers who waits at the next event, and with nothing else")
    func waits() async {
        feed.take(.sessionMade(first))
        async let news = feed.events(after: 1)
        while feed.waiting == 0 { await Task.yield() }
        feed.take(.badRefreshToken)
        #expect(feed.waiting == 1)
        feed.take(.rotated(first))
        let events = await news
        #expect(events.map(\.happening) == [.rotated])
        #expect(feed.waiting == 0)
    }

    @Test("answers at once who knows another server's events, and everybody when it closes")
    func neverHangs() async {
        feed.take(.sessionMade(first))
        #expect(await feed.events(after: -1).count == 1)
        #expect(await feed.events(after: 99).isEmpty)
        async let news = feed.events(after: 1)
        while feed.waiting == 0 { await Task.yield() }
        feed.close()
        #expect(await news.isEmpty)
        #expect(await feed.events(after: 1).isEmpty)
    }

    @Test("lets no more wait than it has room for, and keeps no more than the newest events")
    func bounds() async {
        for _ in 0..<(DemoFeed.kept + 3) { feed.take(.rotated(first)) }
        let kept = await feed.events(after: -1)
        #expect(kept.count == DemoFeed.kept)
        #expect(kept.last?.number == DemoFeed.kept + 3)
        #expect(kept.last?.generation == DemoFeed.kept + 3)
        let last = DemoFeed.kept + 3
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<DemoFeed.mostWaiting {
                group.addTask { [feed] in _ = await feed.events(after: last) }
            }
            while feed.waiting < DemoFeed.mostWaiting { await Task.yield() }
            let surplus = await feed.events(after: last)
            #expect(surplus.isEmpty)
            feed.close()
        }
    }
}
