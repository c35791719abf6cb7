package import MartletProtocol

/// Short lists and particulars as JSON text in a column of any store: readable with any tool.
package enum JSONColumn {
    package static func text(_ value: JSONValue) -> String {
        String(decoding: value.encoded(), as: UTF8.self)
    }

    package static func text(_ list: [String]) -> String { text(.array(list.map { .string($0) })) }

    package static func text(_ dictionary: [String: String]) -> String {
        var object = JSONObject()
        for (name, value) in dictionary.sorted(by: { $0.key < $1.key }) {
            object[name] = .string(value)
        }
        return text(.object(object))
    }

    /// The empty list, which is the most frequent one, costs nothing.
    package static func list(_ text: String) throws(StorageError) -> [String] {
        if text.utf8.elementsEqual("[]".utf8) { return [] }
        guard let list = try value(text).strings else { throw damaged }
        return list
    }

    package static func dictionary(_ text: String) throws(StorageError) -> [String: String] {
        guard let object = try value(text).object else { throw damaged }
        var dictionary: [String: String] = [:]
        for member in object.members {
            guard let text = member.value.string else { throw damaged }
            dictionary[member.name] = text
        }
        return dictionary
    }

    /// The claims that a client asked for.
    package static func claims(_ text: String) throws(StorageError) -> ClaimsRequest {
        do {
            return try ClaimsRequest(parsing: text)
        } catch {
            throw .corrupt("a family's claims are none")
        }
    }

    private static func value(_ text: String) throws(StorageError) -> JSONValue {
        do {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw damaged
        }
    }

    private static let damaged = StorageError.corrupt("a column that holds JSON does not")
}
