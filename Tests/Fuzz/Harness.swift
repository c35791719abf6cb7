/// One door that strangers' bytes come in by, and what must hold whatever they are.
///
/// libFuzzer looks for bytes that break it (`scripts/fuzz`); ``CorpusTests`` tries those that are
/// kept in `Corpus`, in every run of the tests.
struct Harness: Sendable {
    /// What `scripts/fuzz` calls it; its folder in `Corpus` too.
    let name: String
    /// Throws the rule that these bytes break.
    let check: @Sendable ([UInt8]) throws -> Void
    /// Reads a long input, where the door takes one: it may take a time that grows with the length,
    /// and not with its square.
    let readLong: (@Sendable ([UInt8]) -> Void)?

    init(
        name: String,
        check: @escaping @Sendable ([UInt8]) throws -> Void,
        readLong: (@Sendable ([UInt8]) -> Void)? = nil
    ) {
        self.name = name
        self.check = check
        self.readLong = readLong
    }

    /// Every harness, once.
    static let all = [
        address, basic, claims, clientMetadata, configuration, continuation, cookies, form,
        forwarded, json, jws, keySet, passwordHash, refreshToken, typed,
    ]
}

/// A rule that some bytes have broken.
struct BrokenRule: Error, CustomStringConvertible {
    let rule: String

    var description: String { rule }
}

/// Throws the rule unless it holds.
func require(_ holds: Bool, _ rule: @autoclosure () -> String) throws(BrokenRule) {
    guard holds else { throw BrokenRule(rule: rule()) }
}

/// The value, or the rule that there must be one.
func require<Value>(
    _ value: Value?,
    _ rule: @autoclosure () -> String
) throws(BrokenRule) -> Value {
    guard let value else { throw BrokenRule(rule: rule()) }
    return value
}

/// What is returned, or the rule that nothing is thrown here.
func accepted<Value>(_ rule: String, _ read: () throws -> Value) throws(BrokenRule) -> Value {
    do {
        return try read()
    } catch {
        throw BrokenRule(rule: "\(rule): \(error)")
    }
}

extension [UInt8] {
    /// The bytes between zero bytes: an input that is several values.
    var pieces: [[UInt8]] {
        split(separator: 0, omittingEmptySubsequences: false).map { [UInt8]($0) }
    }

    /// As text; broken UTF-8 is repaired, as it is in a header.
    var text: String { String(decoding: self, as: UTF8.self) }
}
