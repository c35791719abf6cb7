import Foundation
import MartletProtocol

extension Harness {
    /// The body of a token request: what is accepted is what Foundation reads too, and comes back
    /// the same when it is written again.
    static let form = Harness(
        name: "form",
        check: FormRules.check,
        readLong: { _ = try? FormParameters(parsing: $0) }
    )
}

/// What holds of every form.
private enum FormRules {
    @Sendable static func check(_ bytes: [UInt8]) throws {
        let expected = ForeignForm.pairs(of: bytes)
        guard let form = try? FormParameters(parsing: bytes) else {
            // Of broken UTF-8 Foundation makes something, so only ASCII tells.
            let isPlain = expected?.allSatisfy { $0.name.isASCII && $0.value.isASCII } ?? false
            try require(
                !isPlain || (expected?.count ?? 0) > FormParameters.maximumCount,
                "a form that Foundation reads is refused"
            )
            return
        }
        try require(form.pairs.count <= FormParameters.maximumCount, "there is a bound")
        let pairs = try require(expected, "a form is accepted that Foundation cannot read")
        try require(
            form.pairs.elementsEqual(pairs) {
                $0.name.isSameText(as: $1.name) && $0.value.isSameText(as: $1.value)
            },
            "names and values are those that Foundation reads"
        )
        let written = pairs.map { ForeignForm.encode($0.name) + "=" + ForeignForm.encode($0.value) }
        let again = try accepted("what is written again is read again") {
            try FormParameters(parsing: Array(written.joined(separator: "&").utf8))
        }
        try require(
            again.pairs.elementsEqual(form.pairs) {
                $0.name.isSameText(as: $1.name) && $0.value.isSameText(as: $1.value)
            },
            "a form that is written again says the same"
        )
        for pair in form.pairs { try checkLookUp(of: pair.name, in: form) }
    }

    /// A parameter is what was sent once; sent twice it is an error (RFC 6749 §3.2).
    private static func checkLookUp(of name: String, in form: FormParameters) throws {
        let values = form.pairs.filter { $0.name == name }.map(\.value)
        do {
            let one = try form.one(name)
            try require(values.count == 1, "a parameter that was sent twice is refused")
            try require(one == values.first { !$0.isEmpty }, "an empty value counts as absent")
        } catch let error as OAuthError {
            try require(values.count > 1, "a parameter that was sent once is read: \(error)")
        }
        try require(form.all(name) == values.filter { !$0.isEmpty }, "all values are found")
    }
}

extension String {
    /// Whether it has no characters but those of ASCII.
    var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}

/// The second reading of form encoding: by Foundation, pair by pair.
enum ForeignForm {
    /// The pairs; nil if Foundation can't read one.
    static func pairs(of bytes: [UInt8]) -> [(name: String, value: String)]? {
        var pairs: [(name: String, value: String)] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard let name = decode(sides[0]), let value = decode(sides.count == 2 ? sides[1] : [])
            else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
        // Foundation takes text, so that what is no ASCII has to be spelled out beforehand.
        let ascii = bytes.map { byte in
            switch byte {
            case UInt8(ascii: "+"): " "
            case 0..<0x80: String(Unicode.Scalar(byte))
            case _: "%" + String(byte, radix: 16)
            }
        }
        return ascii.joined().removingPercentEncoding
    }

    static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.intersection(ascii)) ?? ""
    }

    private static let ascii = CharacterSet(charactersIn: Unicode.Scalar(0)..."\u{7F}")
}
