import MartletTesting
import Testing

extension CrashProofs {
    @Suite("While the disk's syncs fail")
    struct BrokenDiskTests {
        @Test(
            "requests get 503, no token is burnt, and the server goes on by itself when syncs work",
            arguments: [
                (DiskTrouble.Course.recovery, SuddenEnd.kill), (.recovery, .powerCut),
                // Nothing comes later here.
                (.death, .kill),
            ]
        )
        func withstood(_ course: DiskTrouble.Course, laterEnd: SuddenEnd) async throws {
            let disk = try FaultyDisk()
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment
            )
            try await DiskTrouble(
                server: server,
                disk: disk,
                // What a failed sync left in the log may be there or not when it is read again.
                afterDeath: .doneIfAnswered,
                begin: { try disk.begin(.broken) },
                end: { try disk.end(.broken) }
            ).take(course, laterEnd: laterEnd)
        }

        @Test("no rotation is answered as done")
        func neverAFalseSuccess() async throws {
            let disk = try FaultyDisk()
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment
            )
            try await server.start()
            try await TokenClient.with(url: server.url) { client in
                let token = try #require(await client.signIn(to: .strict).refreshToken)
                try disk.begin(.broken)
                for _ in 0..<20 {
                    let outcome = await client.refresh(token, of: .strict)
                    guard case .unavailable = outcome else {
                        Issue.record("answered with \(outcome)")
                        break
                    }
                }
                try disk.end(.broken)
                #expect(await client.refresh(token, of: .strict).refreshToken != nil)
            }
            server.stop()
        }
    }
}
