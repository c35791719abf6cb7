@testable import MartletCore
@testable import MartletServer

extension Harness {
    /// Where a link says that a person goes on: always to one of our own places.
    static let continuation = Harness(name: "continuation") { bytes in
        let text = bytes.text
        for issuerPath in ["", "/tenant"] {
            let path = Continuation(text, issuerPath: issuerPath).path(issuerPath: issuerPath)
            try require(
                ["/oauth/authorize?", "/device", "/account"].contains {
                    path.utf8.starts(with: (issuerPath + $0).utf8)
                },
                "a link leads to a place of ours"
            )
            try require(
                path.utf8.allSatisfy { 0x21..<0x7F ~= $0 && $0 != UInt8(ascii: "\\") },
                "a path is plain ASCII"
            )
            try require(path.utf8.count <= Continuation.maximumQuery + 64, "there is a bound")
            let again = Continuation(path, issuerPath: issuerPath).path(issuerPath: issuerPath)
            try require(again == path, "where it leads does not change on the way")
        }
        if let note = InteractionNote(text) {
            try require(InteractionNote(note.text) == note, "a note comes back the same")
        }
    }
}
