import Foundation

/// Figures as people read them.
enum Shown {
    /// With a comma between thousands.
    static func count(_ value: Double) -> String {
        var digits = String(Int(value.rounded()))
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits.removeLast(3)
        }
        return ([Substring(digits)] + groups).joined(separator: ",")
    }

    static func tenths(_ value: Double) -> String { String(format: "%.1f", value) }

    static func hundredths(_ value: Double) -> String { String(format: "%.2f", value) }

    static func percent(_ ratio: Double) -> String { "\(Int((ratio * 100).rounded())) %" }
}
