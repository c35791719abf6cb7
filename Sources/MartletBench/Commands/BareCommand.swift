import ArgumentParser
import Foundation

struct BareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare",
        abstract: "Serve the same answer to every request, with NIO's codec and nothing else."
    )

    @Option(help: "The file with the answer: header, blank line, body.")
    var answer: String

    @Option(help: "The port on loopback to listen on.")
    var port: Int

    func run() async throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: answer))
        guard let answer = LoopbackClient.answer(in: Array(bytes)) else {
            throw BenchError("\(self.answer) holds no answer")
        }
        try await BareServer(answer: answer, port: port).run()
    }
}
