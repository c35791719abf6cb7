import Testing

@testable import MartletCore

@Suite("a bounded cache")
struct BoundedCacheTests {
    @Test("keeps as many values as it may, in whatever order they are asked for")
    func whole() {
        let cache = BoundedCache<Int, Int>(capacity: 100)
        for key in 0..<100 { cache[key] = -key }
        for _ in 0..<3 {
            for key in 0..<100 { #expect(cache[key] == -key) }
            for key in (0..<100).reversed() { #expect(cache[key] == -key) }
        }
    }

    @Test("holds no more than its capacity, and the newest is among it")
    func bounded() {
        let cache = BoundedCache<Int, Int>(capacity: 10)
        for key in 0..<1000 {
            cache[key] = key
            #expect(cache[key] == key)
        }
        #expect((0..<1000).filter { cache[$0] != nil }.count == 10)
    }

    @Test("forgets what was not asked for before what was")
    func order() {
        let cache = BoundedCache<Int, Int>(capacity: 10)
        for key in 0..<10 { cache[key] = key }
        for key in 0..<5 { _ = cache[key] }
        for key in 10..<15 { cache[key] = key }
        for key in 0..<5 { #expect(cache[key] == key) }
        for key in 5..<10 { #expect(cache[key] == nil) }
    }

    @Test("a value that is put again is the new one; one that is removed is gone")
    func change() {
        let cache = BoundedCache<Int, String>(capacity: 3)
        cache[1] = "one"
        cache[2] = "two"
        cache[3] = "three"
        cache[1] = "uno"
        cache[2] = nil
        cache[2] = nil
        #expect(cache[1] == "uno")
        #expect(cache[2] == nil)
        #expect(cache[3] == "three")
        cache[4] = "four"
        cache[5] = "five"
        #expect([1, 3, 4, 5].compactMap { cache[$0] }.count == 3)
        for key in 1...5 { cache[key] = nil }
        for key in 1...5 { #expect(cache[key] == nil) }
    }
}
