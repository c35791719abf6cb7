import Foundation
import MartletCore
import MartletProtocol

/// What commands read from files and from standard input.
enum CommandInput {
    /// More than any client's metadata or any token needs.
    static let maximumSize = 64 << 10

    /// JSON from a file, or from standard input for `-`.
    static func json(from name: String) throws(Refusal) -> JSONValue {
        let source = name == "-" ? "standard input" : name.printable
        let bytes = try bytes(from: name)
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw Refusal(
                "What \(source) holds is not JSON: \(error.reason) (byte \(error.position))."
            )
        }
    }

    /// A password from standard input: one line, whose end is not part of it.
    private static func password() throws(Refusal) -> Secret {
        if isatty(STDIN_FILENO) == 1 {
            Terminal.complain("Type the password, then Enter and Ctrl-D; it is shown as you type.")
        }
        let bytes = withoutLineEnd(try standardInput())
        guard !bytes.isEmpty else {
            throw Refusal("There is no password on standard input; pipe one in.")
        }
        guard !bytes.contains(where: { $0 == UInt8(ascii: "\n") || $0 == 0 }) else {
            throw Refusal("A password is one line of text; standard input holds more.")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Refusal("The password on standard input is not text in UTF-8.")
        }
        return Secret(bytes)
    }

    /// A password that somebody is to have from now on.
    static func newPassword() throws(Refusal) -> Secret {
        let password = try password()
        guard password.bytes.count >= Account.minimumNewPassword else {
            throw Refusal("A password has at least \(Account.minimumNewPassword) bytes.")
        }
        return password
    }

    /// A hash of a password from standard input: one line.
    static func passwordHash() throws -> PasswordHash {
        let bytes = withoutLineEnd(try standardInput())
        guard !bytes.isEmpty else {
            throw Refusal("There is no password hash on standard input; pipe one in.")
        }
        return try PasswordHash(importing: String(decoding: bytes, as: UTF8.self))
    }

    /// One token: as it is given, or from standard input for `-`.
    static func token(_ argument: String) throws(Refusal) -> String {
        guard argument == "-" else { return argument }
        let text = String(decoding: try standardInput(), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let word = words.first, words.count == 1 else {
            throw Refusal("Standard input must hold one token, and nothing else.")
        }
        return String(word)
    }

    private static func withoutLineEnd(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if bytes.last == UInt8(ascii: "\n") {
            bytes.removeLast()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        }
        return bytes
    }

    private static func bytes(from name: String) throws(Refusal) -> [UInt8] {
        guard name != "-" else { return try standardInput() }
        guard let file = FileHandle(forReadingAtPath: name) else {
            throw Refusal(
                "\(name.printable) cannot be read: \(FileFailure(code: errno).reason)."
            )
        }
        return try bytes(of: file, named: name.printable)
    }

    private static func standardInput() throws(Refusal) -> [UInt8] {
        try bytes(of: .standardInput, named: "Standard input")
    }

    private static func bytes(
        of file: FileHandle,
        named name: String
    ) throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= maximumSize {
            let part: Data?
            do {
                part = try file.read(upToCount: maximumSize + 1 - bytes.count)
            } catch {
                throw Refusal("\(name) cannot be read; is it a file?")
            }
            guard let part, !part.isEmpty else { return bytes }
            bytes += part
        }
        throw Refusal("\(name) holds more than \(maximumSize) bytes.")
    }
}
