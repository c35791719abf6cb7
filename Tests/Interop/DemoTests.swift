import Foundation
import MartletProtocol
import MartletTesting
import Testing

@Suite("The demo in Chromium")
struct DemoTests {
    /// `martlet demo`, running.
    private struct Demo {
        let program: ClientProgram
        let issuer: String

        static func start(accessTokenLifetime: Int) async throws -> Demo {
            let port = try ServerProcess.freePort()
            let program = try ClientProgram(
                ServerProcess.binary.path,
                [
                    "demo", "--port", "\(port)", "--access-token-lifetime",
                    "\(accessTokenLifetime)",
                ],
                environment: [:]
            )
            try await program.start(listeningOn: port)
            return Demo(program: program, issuer: "http://localhost:\(port)")
        }
    }

    @Test("a person clicks through the story of a stolen refresh token, in one tab and in two")
    func story() async throws {
        let slow = try await Demo.start(accessTokenLifetime: 900)
        defer { slow.program.stop() }
        let quick = try await Demo.start(accessTokenLifetime: 4)
        defer { quick.program.stop() }
        let seen = try await ClientProgram.play(
            "demo_story.py",
            environment: [
                "ISSUER": slow.issuer, "QUICK_ISSUER": quick.issuer,
                "PICTURES": ClientProgram.pictures.path,
            ]
        )

        #expect(seen["failure"]?.string ?? "" == "")
        #expect(seen["faults"]?.strings == [], "nobody can use a page that has these")
        #expect(seen["console"]?.strings == [], "the page keeps to its policy")
        #expect(seen["counts_down"]?.bool == true)
        #expect(
            seen["two_clocks"]?.strings == ["made", "rotated"],
            "two tabs whose clocks strike together never use a token twice"
        )
        #expect(seen["identity"]?.string == "verified")
        let claims = seen["claims"]?.strings ?? []
        for name in ["alg", "iss", "exp", "sid"] { #expect(claims.contains(name), "\(name)") }
        #expect(seen["api"]?.string?.contains("Secret area") == true)
        #expect(
            seen["after_two_tabs"]?.strings == ["made", "rotated", "rotated"],
            "of two tabs that want to refresh at once, one does"
        )
        #expect(
            seen["lane_names"]?.array == [.bool(true), .bool(true)],
            "no line runs through a name"
        )
        for holder in ["thief_is_told", "app_is_told"] {
            #expect(seen[holder]?.string == RefreshRefusal.usedTwice.rawValue, "\(holder)")
        }
        #expect(
            seen["story"]?.strings == ["made", "rotated", "rotated", "rotated", "reuse", "refused"]
        )
        let colour = (seen["reuse_is"]?.array ?? []).compactMap(\.integer)
        #expect(colour.count == 3 && colour[0] > 2 * max(colour[1], colour[2]), "reuse is red")
        #expect(seen["focus_follows"]?.array == Array(repeating: .bool(true), count: 4))
        #expect(seen["with_overlap"]?.strings == ["made", "rotated", "repeated"])
        #expect(
            seen["without_overlap"]?.strings == ["made", "rotated", "repeated", "rotated", "reuse"]
        )
        #expect(seen["signed_out"]?.strings == ["made", "ended"])
        #expect(seen["german"]?.string == "de")
    }
}
