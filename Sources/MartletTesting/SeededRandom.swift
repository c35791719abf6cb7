package import MartletCore
import Synchronization

/// Random bytes that a seed determines: a failing run is repeated with the seed that it printed.
/// SplitMix64, which is good enough for tests and no secret from anybody.
package final class SeededRandom: Sendable {
    private let state: Mutex<UInt64>

    package init(seed: UInt64) {
        state = Mutex(seed)
    }

    package func next() -> UInt64 {
        let advanced = state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            return state
        }
        var mixed = advanced
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    package func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            var word = next()
            for _ in 0..<min(8, count - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }
}

extension Surroundings {
    /// Time by hand and chance from a seed.
    package static func manual(clock: ManualClock, seed: UInt64) -> Surroundings {
        let random = SeededRandom(seed: seed)
        return Surroundings(now: { clock.now }, randomBytes: { random.bytes($0) })
    }
}
