import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet doctor`: looks at everything and says what to mend.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at the configuration, the store and the keys, and say what to mend.",
        discussion: """
            Changes nothing, and works beside a running server. Run it as the user that runs the \
            server. Exit status 0: no problem, perhaps advice; 1: at least one problem.

            Example: martlet doctor
            """
    )

    @OptionGroup var installation: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let findings = await Doctor(surroundings: .system).examine(installation)
        Terminal.show(Diagnosis(findings: findings), as: output.form)
        if findings.contains(where: { $0.grade == .problem }) {
            throw ExitCode(Refusal.exitStatus)
        }
    }
}

/// All findings.
struct Diagnosis: Showable {
    let findings: [Finding]

    var text: String {
        let lines = findings.map { "\($0.grade.label)  \($0.subject): \($0.sentence)" }
        let problems = findings.count { $0.grade == .problem }
        let advice = findings.count { $0.grade == .advice }
        let sum =
            problems == 0 && advice == 0
            ? "Nothing to mend."
            : "Problems: \(problems). Advice: \(advice)."
        return (lines + ["", sum]).joined(separator: "\n")
    }

    var json: JSONValue {
        [
            "healthy": .bool(!findings.contains { $0.grade == .problem }),
            "findings": .array(findings.map(\.json)),
        ]
    }
}
