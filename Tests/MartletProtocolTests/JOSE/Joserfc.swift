import Foundation
import MartletProtocol

/// joserfc, an independent JOSE library in Python, asked through a subprocess.
enum Joserfc {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func ask(_ request: JSONValue) throws -> JSONValue {
        let file = URL(fileURLWithPath: #filePath)
        let script = file.deletingLastPathComponent().appendingPathComponent("joserfc_oracle.py")
        let root = file.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let python = root.appendingPathComponent(".build/tools/python/bin/python3")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw Failure(description: "run scripts/setup")
        }
        return try run(python, [script.path], input: request.encoded())
    }

    private static func run(
        _ program: URL,
        _ arguments: [String],
        input: [UInt8]
    ) throws -> JSONValue {
        let process = Process()
        let standardInput = Pipe()
        let standardOutput = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input))
        try standardInput.fileHandleForWriting.close()
        let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "joserfc refused: status \(process.terminationStatus)")
        }
        return try JSONValue(parsing: Array(output))
    }
}
