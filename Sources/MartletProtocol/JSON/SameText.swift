#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension String {
    /// Whether two strings are the same bytes.
    ///
    /// Swift's `==` takes canonically equivalent spellings for equal; identifiers, member names and
    /// issuers are compared as they were sent (RFC 7519 §7.3).
    package func isSameText(as other: String) -> Bool {
        // What differs to Swift differs, and that is quickly seen.
        guard utf8.count == other.utf8.count, self == other else { return false }
        let areSame: Bool?? = utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { others in
                guard let left = bytes.baseAddress, let right = others.baseAddress else {
                    return bytes.isEmpty
                }
                return memcmp(left, right, bytes.count) == 0
            }
        }
        return (areSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

extension [UInt8] {
    /// Whether an array begins with these bytes.
    package func begins(with prefix: [UInt8]) -> Bool {
        guard count >= prefix.count else { return false }
        return withUnsafeBytes { bytes in
            prefix.withUnsafeBytes { prefix in
                guard let left = bytes.baseAddress, let right = prefix.baseAddress else {
                    return prefix.isEmpty
                }
                return memcmp(left, right, prefix.count) == 0
            }
        }
    }
}
