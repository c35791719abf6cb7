@testable import MartletCore

extension Harness {
    /// What people type: a device's code, a session's id.
    static let typed = Harness(name: "typed") { bytes in
        let text = bytes.text
        if let code = UserCode(typed: text) {
            try require(UserCode(typed: code.shown) == code, "a code as it is shown is the same")
            try require(code.shown.utf8.count == 9, "each code is as long")
        }
        if let family = FamilyID(text) {
            try require(FamilyID(family.description) == family, "a session's id comes back")
            try require(
                family.description == text.lowercased(),
                "a session's id has one spelling, but for capitals"
            )
        }
    }
}
