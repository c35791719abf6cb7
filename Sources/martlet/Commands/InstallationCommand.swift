import ArgumentParser

/// A command that opens the installation, finds or does something there, and shows what.
///
/// It works beside a running server on the same store, which sees each change at once.
protocol InstallationCommand: AsyncParsableCommand {
    associatedtype Answer: Showable

    var installation: ConfigurationOptions { get }
    var output: OutputOptions { get }

    func answer(in installation: Installation) async throws -> Answer
}

extension InstallationCommand {
    func run() async throws {
        let open = try await Installation.open(installation)
        let answer: Answer
        do {
            answer = try await self.answer(in: open)
        } catch {
            await open.close()
            throw error
        }
        await open.close()
        Terminal.show(answer, as: output.form)
    }
}
