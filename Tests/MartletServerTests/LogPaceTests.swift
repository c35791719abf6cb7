import Testing

@testable import MartletServer

@Suite("A line that every request would write")
struct LogPaceTests {
    private let start = ContinuousClock.now

    @Test("passes once a second, with the number of those that did not")
    func pace() {
        let pace = LogPace()
        #expect(pace.mayPass("full", at: start) == 0)
        #expect(pace.mayPass("full", at: start + .milliseconds(1)) == nil)
        #expect(pace.mayPass("full", at: start + .milliseconds(999)) == nil)
        #expect(pace.mayPass("full", at: start + .seconds(1)) == 2)
        #expect(pace.mayPass("full", at: start + .milliseconds(1999)) == nil)
    }

    @Test("passes at once if it says something else")
    func otherText() {
        let pace = LogPace()
        #expect(pace.mayPass("full", at: start) == 0)
        #expect(pace.mayPass("full", at: start) == nil)
        #expect(pace.mayPass("corrupt", at: start) == 1)
        #expect(pace.mayPass("full", at: start) == 0)
    }
}
