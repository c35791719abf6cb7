import Foundation
import MartletCore
import MartletProtocol

/// Short lists and particulars as JSON text in a column: readable with any SQLite tool.
enum JSONText {
    static func encode(_ value: [String]) throws -> String { try text(value) }

    static func encode(_ value: [String: String]) throws -> String { try text(value) }

    /// The empty list, which is the most frequent one, costs nothing.
    static func list(_ text: String) throws -> [String] {
        text.utf8.elementsEqual("[]".utf8) ? [] : try value(text)
    }

    static func dictionary(_ text: String) throws -> [String: String] { try value(text) }

    /// The claims that a client asked for.
    static func encode(_ claims: ClaimsRequest) -> String {
        String(decoding: claims.json.encoded(), as: UTF8.self)
    }

    static func claims(_ text: String) throws -> ClaimsRequest {
        do {
            return try ClaimsRequest(parsing: text)
        } catch {
            throw StorageError.corrupt("a family's claims are none")
        }
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func value<Value: Decodable>(_ text: String) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        } catch {
            throw StorageError.corrupt("a column that holds JSON does not")
        }
    }
}
