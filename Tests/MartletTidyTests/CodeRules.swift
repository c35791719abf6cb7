/// Rules about single expressions and single comments.
enum CodeRules {
    /// Ways to stop the process on something that may come from outside.
    static func trapFindings(in file: SourceFile) -> [Finding] {
        findings(
            of: [
                ("try!", "let the error travel, or say why it cannot happen with precondition"),
                ("as!", "use as? and say what happens otherwise"),
                ("fatalError(", "throw, or use precondition for what cannot happen"),
            ],
            in: file
        )
    }

    /// Core takes time, chance and settings as parameters: `Surroundings` is read once per story.
    static func surroundingsFindings(in file: SourceFile) -> [Finding] {
        let advice = "Core does not ask for it: take it as a parameter (see Surroundings)"
        let sources = [
            "Date(", "Date.now", "ContinuousClock", "SuspendingClock", "Task.sleep",
            "clock_gettime", "gettimeofday", "SystemRandomNumberGenerator", "random(in",
            "randomElement(", "shuffled(", "UUID(", "SymmetricKey(size", "ProcessInfo", "getenv",
            "CommandLine",
        ]
        return findings(of: sources.map { ($0, advice) }, in: file)
    }

    private static func findings(
        of patterns: [(pattern: String, advice: String)],
        in file: SourceFile
    ) -> [Finding] {
        let text = SwiftText(file.text)
        return patterns.flatMap { pattern, advice in
            text.lines(of: pattern).map { line in
                Finding(path: file.path, line: line, advice: "'\(pattern)': \(advice)")
            }
        }
    }

    /// A promise to do something later names the issue that keeps it.
    static func promiseFindings(in file: SourceFile) -> [Finding] {
        SwiftText(file.text).comments.compactMap { comment in
            let bytes = Array(comment.text.utf8)
            let isPromise = ["TODO", "FIXME", "XXX"].contains {
                !TextSearch.lines(of: $0, in: bytes).isEmpty
            }
            guard isPromise, !namesIssue(comment.text) else { return nil }
            let advice = "write the number of its issue (#123), or do it now"
            return Finding(path: file.path, line: comment.line, advice: advice)
        }
    }

    private static func namesIssue(_ text: String) -> Bool {
        text.split(separator: "#").dropFirst().contains { $0.first?.isNumber == true }
    }

    /// Where the compiler is told to look away, a comment says what it would have found.
    static func uncheckedFindings(in file: SourceFile) -> [Finding] {
        let text = SwiftText(file.text)
        return ["@unchecked Sendable", "nonisolated(unsafe)"].flatMap { pattern in
            text.lines(of: pattern, matching: .anywhere)
                .filter { line in !text.explainsSafety(near: line) }
                .map { line in
                    let advice =
                        "'\(pattern)': a comment just above names the lock or thread that makes it"
                        + " safe, or says that it is immutable"
                    return Finding(path: file.path, line: line, advice: advice)
                }
        }
    }
}

extension SwiftText {
    /// Whether a comment on this line, or on one of the three before it, gives the reason.
    fileprivate func explainsSafety(near line: Int) -> Bool {
        comments.contains { comment in
            (line - 3...line).contains(comment.line)
                && ["lock", "mutex", "thread", "immutable"].contains {
                    comment.text.lowercased().contains($0)
                }
        }
    }
}
