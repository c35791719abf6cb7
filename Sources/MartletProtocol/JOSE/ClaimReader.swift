/// Reads the claims of a token by name, each as the type that it must have (RFC 7519 §4.1).
struct ClaimReader {
    let object: JSONObject

    /// The last moment that a NumericDate may name: the end of the year 9999, in seconds since 1970.
    /// What lies beyond is a mistake, and sums of such numbers would overflow.
    static let latestTime: Int64 = 253_402_300_799

    func text(_ name: String) throws(JOSEError) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string else { throw error(name) }
        return text
    }

    func requiredText(_ name: String) throws(JOSEError) -> String {
        guard let text = try text(name), !text.isEmpty else { throw error(name) }
        return text
    }

    func texts(_ name: String) throws(JOSEError) -> [String]? {
        guard let value = object[name] else { return nil }
        guard let texts = value.strings else { throw error(name) }
        return texts
    }

    /// One string, or an array of at least one; none of them empty.
    func requiredTextOrTexts(_ name: String) throws(JOSEError) -> [String] {
        if object[name]?.string != nil { return [try requiredText(name)] }
        guard let texts = try texts(name), !texts.isEmpty, !texts.contains("") else {
            throw error(name)
        }
        return texts
    }

    func time(
        _ name: String,
        rounded rule: FloatingPointRoundingRule
    ) throws(JOSEError) -> Int64? {
        guard let value = object[name] else { return nil }
        let seconds = value.integer ?? value.number.flatMap { Int64(exactly: $0.rounded(rule)) }
        guard let seconds, (0...Self.latestTime).contains(seconds) else { throw error(name) }
        return seconds
    }

    func requiredTime(_ name: String) throws(JOSEError) -> Int64 {
        guard let time = try time(name, rounded: .down) else { throw error(name) }
        return time
    }

    func error(_ name: String) -> JOSEError {
        JOSEError(.invalidClaims, "The claim \(name) is missing or not of the right type.")
    }
}

extension JSONWriter {
    /// Writes an audience: a single one as a string, several as an array (RFC 7519 §4.1.3).
    mutating func member(_ name: String, oneOrMany values: [String]) {
        if values.count == 1, let only = values.first {
            member(name, only)
        } else {
            member(name, values)
        }
    }
}
