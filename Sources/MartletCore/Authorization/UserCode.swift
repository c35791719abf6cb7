import MartletProtocol

/// What a device shows and a person types: eight letters, as `WDJB-MJHT` (RFC 8628 §6.1).
///
/// The twenty letters are told apart on any screen and in any voice, and without vowels they make
/// no words.
///
/// Somebody who guesses has 20⁸, that is 25.6 thousand million codes before them. Five wrong ones
/// within a quarter of an hour are all that an account has from one address (``guessesPerAddress``),
/// so one that is alive is met with a chance of 5 in 20⁸, less than 2⁻³², as RFC 8628 §5.1 works it
/// out. From ever new addresses an account has ten times as many; and if at the same moment twenty
/// thousand codes are alive, the most that this server hands out within their lifetime, even those
/// fifty hit any of them with a chance of 1 in 25,600.
package struct UserCode: Sendable, Hashable {
    /// Wrong codes that an account may enter from one address before it has to wait.
    package static let guessesPerAddress = 5
    static let letters = Array("BCDFGHJKLMNPQRSTVWXZ".utf8)
    static let length = 8
    /// Bytes that are looked at: a code with a space between any two letters, and some more.
    static let maximumTyped = 64

    /// Its letters, as the store knows it.
    let text: String

    /// A code by chance. Of 63 random bits one code is at most 3 in a thousand million likelier
    /// than another.
    init(in surroundings: Surroundings) {
        var number = Int(surroundings.random63())
        var letters: [UInt8] = []
        for _ in 0..<Self.length {
            letters.append(Self.letters[number % Self.letters.count])
            number /= Self.letters.count
        }
        text = String(decoding: letters, as: UTF8.self)
    }

    /// Reads what a person typed: capitals or not, with or without the hyphen, spaces anywhere.
    /// `nil` if it cannot be a code.
    package init?(typed: String) {
        guard typed.utf8.count <= Self.maximumTyped else { return nil }
        var letters: [UInt8] = []
        for scalar in typed.unicodeScalars where !Self.isIgnored(scalar) {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            let isSmall = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
            letters.append(isSmall ? byte & 0xDF : byte)
        }
        guard letters.count == Self.length, letters.allSatisfy(Self.letters.contains) else {
            return nil
        }
        text = String(decoding: letters, as: UTF8.self)
    }

    /// Spaces, and whatever a keyboard makes of a hyphen.
    private static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.properties.isDash
    }

    /// As devices and pages show it.
    package var shown: String { "\(text.prefix(4))-\(text.suffix(4))" }

    var key: OneTimeKey { OneTimeKey(.userCode, text) }
}
