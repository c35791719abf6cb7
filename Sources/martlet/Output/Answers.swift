import MartletCore
import MartletProtocol

/// One sentence, and the same as JSON.
struct Statement: Showable {
    let text: String
    let json: JSONValue

    init(_ text: String, _ json: JSONValue) {
        self.text = text
        self.json = json
    }
}

/// JSON for people too, as a standard has it.
struct JSONAnswer: Showable {
    let json: JSONValue

    var text: String { String(decoding: json.encoded(.pretty), as: UTF8.self) }
}

/// A list: a table for people, an array for programs.
struct ListAnswer: Showable {
    let text: String
    let json: JSONValue

    /// - Parameter none: what people are told instead of an empty table.
    init(_ table: TextTable, _ elements: [JSONValue], none: String) {
        text = table.isEmpty ? none : table.text
        json = .array(elements)
    }
}

extension AuthorizationServer.LiveSessions {
    /// `3 live sessions`.
    var counted: String {
        let number = isAll ? "\(count)" : "\(count) or more"
        return "\(number) live session\(count == 1 && isAll ? "" : "s")"
    }

    /// `its 3 sessions are over`, to end a sentence about what was done.
    var over: String {
        switch (count, isAll) {
        case (0, true): "it had no live session"
        case (1, true): "its one live session is over"
        case (_, true): "its \(count) live sessions are over"
        case (_, false): "its live sessions, \(count) and more, are over"
        }
    }
}

extension Instant {
    /// `2 minutes ago (2026-11-21 04:10:03 UTC)`.
    func told(at now: Instant) -> String {
        let exact = rfc3339.replacing("T", with: " ").replacing("Z", with: " UTC")
        let rough = seconds == now.seconds ? "just now" : text(seenFrom: now)
        return "\(rough) (\(exact))"
    }

    /// For programs.
    var json: JSONValue { .string(rfc3339) }
}

extension Optional {
    /// `null` for nothing.
    func json(_ value: (Wrapped) -> JSONValue) -> JSONValue {
        map(value) ?? .null
    }
}
