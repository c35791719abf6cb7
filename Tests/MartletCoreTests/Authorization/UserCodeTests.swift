import MartletTesting
import Testing

@testable import MartletCore

@Suite("The code that a device shows and a person types")
struct UserCodeTests {
    @Test(
        "a drawn code has eight letters without vowels, in two groups",
        .covers("RFC 8628 §6.1 alphabet")
    )
    func drawn() {
        let surroundings = Surroundings.manual(clock: ManualClock(), seed: 5)
        var seen: Set<UserCode> = []
        var letters: Set<Character> = []
        for _ in 0..<1000 {
            let code = UserCode(in: surroundings)
            seen.insert(code)
            letters.formUnion(code.text)
            #expect(code.text.count == 8)
            #expect(code.shown.count == 9)
            #expect(Array(code.shown)[4] == "-")
        }
        #expect(seen.count == 1000)
        #expect(letters == Set("BCDFGHJKLMNPQRSTVWXZ"))
    }

    @Test(
        "case, spaces and hyphens do not matter",
        .covers("RFC 8628 §6.1 forgiving"),
        arguments: [
            "WDJB-MJHT", "wdjbmjht", "wdjb mjht", " w d j b - m j h t ", "WDJB\u{2013}MJHT",
            "wdjb\u{2212}MJHT\n", "\u{A0}WDJBMJHT",
        ]
    )
    func forgiving(typed: String) {
        #expect(UserCode(typed: typed)?.shown == "WDJB-MJHT")
    }

    @Test(
        "what cannot be a code is none",
        arguments: [
            "", "-", "WDJB-MJH", "WDJB-MJHTB", "WDJB-MJHA", "WDJB-MJH1", "WDJB_MJHT",
            "\u{0428}DJB-MJHT", "W\u{301}DJB-MJHT", "\u{FF37}DJB-MJHT", "WDJB-MJH\0T",
            String(repeating: "-", count: 57) + "WDJBMJHT", String(repeating: "B", count: 70_000),
        ]
    )
    func impossible(typed: String) {
        #expect(UserCode(typed: typed) == nil)
    }
}
