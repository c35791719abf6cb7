import Foundation

/// Whether a door takes a time that grows with its input and not with the input's square. Seconds of
/// the processor are counted, not of the clock, so that a busy machine changes little; it is asked by
/// the fuzzers alone, because the tests depend on no machine's speed.
struct Pace {
    /// Long enough that the square of it shows; the second is four times as long, and so is its time.
    static let lengths = (short: 16 << 10, long: 64 << 10)
    /// Half-way between the four of a straight line and the sixteen of a square.
    private static let steepest = 8.0
    /// What is quicker is nothing to wait for.
    private static let unnoticed = 0.05
    /// A measurement can be disturbed, and then only upwards.
    private static let tries = 3

    let read: @Sendable ([UInt8]) -> Void

    /// Throws if reading a fragment again and again grows steeper the longer it is.
    func check(repeating fragment: [UInt8]) throws {
        guard !fragment.isEmpty, fragment.count < Self.lengths.short / 4 else { return }
        let short = Self.repeated(fragment, to: Self.lengths.short)
        let long = Self.repeated(fragment, to: Self.lengths.long)
        for _ in 0..<Self.tries {
            let one = seconds(short)
            let four = seconds(long)
            if four < Self.unnoticed || four < one * Self.steepest { return }
        }
        throw BrokenRule(rule: "four times the length takes four times the time, not more")
    }

    private func seconds(_ bytes: [UInt8]) -> Double {
        let start = Self.processorSeconds
        read(bytes)
        return Self.processorSeconds - start
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func repeated(_ fragment: [UInt8], to length: Int) -> [UInt8] {
        [UInt8](repeatElement(fragment, count: length / fragment.count).joined())
    }
}
