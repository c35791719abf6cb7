import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Guessing passwords is slowed down")
struct AttemptLimiterTests {
    private let start = Instant(seconds: 1_800_000_000)

    /// Lets as many attempts fail as are allowed, and tells how many those were.
    private func exhaust(
        _ limiter: AttemptLimiter,
        at now: Instant,
        _ attempt: (Int) -> (name: String, address: String)
    ) -> Int {
        var count = 0
        while count < 1000 {
            let (name, address) = attempt(count)
            guard limiter.begin(name: name, address: address, at: now, known: false) else {
                return count
            }
            count += 1
        }
        return count
    }

    @Test("one account from one address may fail as often as the operator says")
    func pair() {
        let limiter = AttemptLimiter(attempts: 3)
        #expect(exhaust(limiter, at: start) { _ in ("ada", "192.0.2.1") } == 3)
        #expect(limiter.begin(name: "ada", address: "192.0.2.2", at: start, known: false))
        #expect(limiter.begin(name: "eve", address: "192.0.2.1", at: start, known: false))
    }

    @Test("one address may fail ten times as often, whatever the accounts")
    func address() {
        let limiter = AttemptLimiter(attempts: 3)
        #expect(exhaust(limiter, at: start) { ("user\($0)", "192.0.2.1") } == 30)
        #expect(limiter.begin(name: "ada", address: "192.0.2.2", at: start, known: false))
    }

    @Test("one account may fail ten times as often, whatever the addresses")
    func account() {
        let limiter = AttemptLimiter(attempts: 3)
        #expect(exhaust(limiter, at: start) { ("ada", "192.0.2.\($0)") } == 30)
        #expect(limiter.begin(name: "eve", address: "192.0.2.1", at: start, known: false))
    }

    @Test("failures are forgotten a quarter of an hour after the first")
    func window() {
        let limiter = AttemptLimiter(attempts: 1)
        #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: false))
        let almost = start + .minutes(15) - .microseconds(1)
        #expect(!limiter.begin(name: "ada", address: "192.0.2.1", at: almost, known: false))
        #expect(
            limiter.begin(name: "ada", address: "192.0.2.1", at: start + .minutes(15), known: false)
        )
    }

    @Test("a refused attempt does not lengthen the wait")
    func refusedIsNotCounted() {
        let limiter = AttemptLimiter(attempts: 1)
        for second in 0..<900 {
            let now = start + .seconds(Int64(second))
            #expect(
                limiter.begin(name: "ada", address: "192.0.2.1", at: now, known: false)
                    == (second == 0)
            )
        }
        #expect(
            limiter.begin(name: "ada", address: "192.0.2.1", at: start + .minutes(15), known: false)
        )
    }

    @Test("a success forgets the failures of its account from its address")
    func success() {
        let limiter = AttemptLimiter(attempts: 2)
        for _ in 0..<50 {
            #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: false))
            #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: false))
            limiter.succeeded(name: "ada", address: "192.0.2.1", at: start, known: false)
            limiter.takeBack(name: "ada", address: "192.0.2.1", at: start, known: false)
        }
    }

    @Test("a success does not count for its account or its address")
    func successIsNoFailure() {
        let limiter = AttemptLimiter(attempts: 1)
        for _ in 0..<50 {
            #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: false))
            limiter.succeeded(name: "ada", address: "192.0.2.1", at: start, known: false)
        }
    }

    @Test("a success of one account does not forget another's failures")
    func successOfAnother() {
        let limiter = AttemptLimiter(attempts: 1)
        #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: false))
        #expect(limiter.begin(name: "eve", address: "192.0.2.1", at: start, known: false))
        limiter.succeeded(name: "eve", address: "192.0.2.1", at: start, known: false)
        #expect(!limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: false))
    }

    @Test("a known browser may still try when strangers have used up the account and the address")
    func knownBrowser() {
        let limiter = AttemptLimiter(attempts: 3)
        _ = exhaust(limiter, at: start) { ("ada", "192.0.2.\($0)") }
        _ = exhaust(limiter, at: start) { ("user\($0)", "198.51.100.1") }
        #expect(!limiter.begin(name: "ada", address: "198.51.100.1", at: start, known: false))
        #expect(limiter.begin(name: "ada", address: "198.51.100.1", at: start, known: true))
    }

    @Test("a known browser may fail no more often than the operator says")
    func knownBrowserIsLimited() {
        let limiter = AttemptLimiter(attempts: 3)
        for _ in 0..<3 {
            #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: true))
        }
        #expect(!limiter.begin(name: "ada", address: "192.0.2.2", at: start, known: true))
        #expect(limiter.begin(name: "eve", address: "192.0.2.1", at: start, known: true))
        let later = start + .minutes(15)
        #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: later, known: true))
    }

    @Test("a known browser's failures do not hold up the account elsewhere, a success forgets them")
    func knownBrowserIsApart() {
        let limiter = AttemptLimiter(attempts: 2)
        for _ in 0..<50 {
            #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: true))
            #expect(limiter.begin(name: "ada", address: "192.0.2.1", at: start, known: true))
            limiter.succeeded(name: "ada", address: "192.0.2.1", at: start, known: true)
            limiter.takeBack(name: "ada", address: "192.0.2.1", at: start, known: true)
        }
        #expect(exhaust(limiter, at: start) { _ in ("ada", "192.0.2.1") } == 2)
    }

    @Test("a loopback address is everybody's, unless the proxies are known")
    func loopback() {
        let shared = AttemptLimiter(attempts: 1)
        let own = AttemptLimiter(attempts: 1, loopback: .thisMachine)
        for address in ["127.0.0.1", "::1"] {
            #expect(exhaust(shared, at: start) { ("user\($0)", address) } == 1000)
            #expect(exhaust(own, at: start) { ("user\($0)", address) } == 10)
        }
    }

    @Test(
        "addresses of one subscriber are one, those of two are two",
        arguments: [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:DB8:0001:2::7", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("2001:db8::1", "2001:db8:0:0:1::", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("::ffff:192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("::1", "::2", true),
        ]
    )
    func networks(one: String, other: String, same: Bool) {
        #expect((AttemptLimiter.network(of: one) == AttemptLimiter.network(of: other)) == same)
    }

    @Test(
        "past the limit the right password is refused too, and no hash is computed",
        .covers("RFC 6749 §4.3.2 guessing")
    )
    func atTheGrant() async throws {
        let world = try await TestAuthorizationServer(loginAttempts: 2)
        let client = try await world.client()
        try await world.account()
        for _ in 0..<2 {
            await #expect(throws: PasswordGrant.wrong) {
                try await world.signIn(client, password: "wrong")
            }
        }
        _ = world.storage.takeCalls()
        await #expect(throws: PasswordGrant.tooMany) { try await world.signIn(client) }
        #expect(world.storage.takeCalls() == [])
        #expect(world.notices.take().last == .signInLimited(address: "192.0.2.1"))
        _ = try await world.signIn(client, from: "198.51.100.7")
        world.wait(.minutes(15))
        _ = try await world.signIn(client)
    }

    @Test("strangers who use up an account's attempts do not keep its owner out of a known browser")
    func ownerIsNotLockedOut() async throws {
        let world = try await TestAuthorizationServer(loginAttempts: 1)
        try await world.account()
        func attempt(_ password: String, _ address: String, known: Bool) async throws -> String {
            let verification = try await world.server.verifyPassword(
                Secret(password),
                of: "ADA",
                from: Origin(address: address, userAgent: ""),
                known: known,
                at: world.now
            )
            switch verification {
            case .right(let account): return account.value.username
            case .wrong: return "wrong"
            case .tooMany: return "too many"
            }
        }
        for stranger in 0..<10 {
            #expect(try await attempt("guess", "192.0.2.\(stranger)", known: false) == "wrong")
        }
        let home = "198.51.100.1"
        let right = TestAuthorizationServer.password
        #expect(try await attempt(right, home, known: false) == "too many")
        #expect(try await attempt(right, home, known: true) == "ada")
        #expect(try await attempt("slip", home, known: true) == "wrong")
        #expect(try await attempt(right, home, known: true) == "too many")
    }

    @Test("guesses at the same moment are counted before any of them is checked")
    func parallelGuesses() async throws {
        let world = try await TestAuthorizationServer(loginAttempts: 2)
        let client = try await world.client()
        try await world.account()
        let errors = await withTaskGroup(of: OAuthError?.self) { group in
            for guess in 0..<10 {
                group.addTask {
                    do {
                        _ = try await world.signIn(client, password: "guess \(guess)")
                        return nil
                    } catch {
                        return error as? OAuthError
                    }
                }
            }
            var errors: [OAuthError?] = []
            for await error in group { errors.append(error) }
            return errors
        }
        #expect(errors.filter { $0 == PasswordGrant.wrong }.count == 2)
        #expect(errors.filter { $0 == PasswordGrant.tooMany }.count == 8)
    }
}
