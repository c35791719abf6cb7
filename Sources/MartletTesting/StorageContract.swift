package import MartletCore

/// The rules that every store keeps: the promises of `Storage.swift`, each as a check.
///
/// A rule gets a fresh, empty store and the clock that the store reads, and throws a
/// ``ContractViolation`` if the store breaks it. It knows no test library, so a store's tests are
/// one test with `StorageContract.rules` as its arguments.
package enum StorageContract {
    package struct Rule: Sendable, CustomStringConvertible {
        /// The rule in a sentence.
        package let name: String
        package let check: @Sendable (any Storage, ManualClock) async throws -> Void

        package var description: String { name }

        init(
            _ name: String,
            check: @escaping @Sendable (any Storage, ManualClock) async throws -> Void
        ) {
            self.name = name
            self.check = check
        }
    }

    package static let rules: [Rule] =
        making + changing + reading + oneTime + redeeming + records + audit + ends + transfer
        + closing
}

/// How a store broke a rule.
package struct ContractViolation: Error, CustomStringConvertible {
    package let description: String
}

/// Throws unless the condition holds.
func expect(_ condition: Bool, _ rule: String) throws {
    if !condition { throw ContractViolation(description: rule) }
}

/// Throws unless both are the same.
func expectEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ rule: String) throws {
    if found != expected {
        throw ContractViolation(description: "\(rule): \(found), and not \(expected)")
    }
}

/// Throws unless the work fails with this error.
func expectFailure<Value>(
    _ expected: StorageError,
    _ rule: String,
    _ work: () async throws(StorageError) -> Value
) async throws {
    do {
        _ = try await work()
    } catch {
        try expectEqual(error, expected, rule)
        return
    }
    throw ContractViolation(description: "\(rule): no error, and not \(expected)")
}
