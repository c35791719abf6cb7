package import MartletProtocol

/// What may be told of a person beside name and e-mail address: judges the standard claims of
/// OIDC Core §5.1 that an operator hands in.
package enum AccountProfile {
    /// Names and the like; the standard sets no bound, and apps lay out what they get.
    static let maximumText = 200
    /// An address on a label, several lines of it.
    static let maximumAddressLine = 500
    /// What common browsers and databases take for a URL.
    static let maximumURL = 2000

    /// The profile as an account holds it: known claims only, each of its own type, `null` ones
    /// left out.
    ///
    /// - Parameter email: the account's address, without which there is nothing verified about it.
    /// - Throws: ``AdministrationError`` with the first claim that will not do.
    package static func checked(
        _ json: JSONValue,
        email: String?
    ) throws(AdministrationError) -> JSONObject {
        guard let object = json.object else {
            throw AdministrationError(
                "A profile is an object of claims, as in {\"given_name\": \"Ada\"}."
            )
        }
        var profile = JSONObject()
        for member in object.members where !member.value.isNull {
            profile[member.name] = try claim(member.name).checked(member.value)
        }
        try require(email != nil, for: .emailVerified, in: profile, "an e-mail address")
        try require(
            profile[ProfileClaim.phoneNumber.rawValue] != nil,
            for: .phoneNumberVerified,
            in: profile,
            ProfileClaim.phoneNumber.rawValue
        )
        return profile
    }

    /// The profile after the e-mail address changed: what was verified was the old one.
    static func withoutVerifiedEmail(_ profile: JSONObject) -> JSONObject {
        var profile = profile
        profile[ProfileClaim.emailVerified.rawValue] = nil
        return profile
    }

    private static func claim(_ name: String) throws(AdministrationError) -> ProfileClaim {
        guard let claim = ProfileClaim(rawValue: name) else {
            throw AdministrationError(
                "There is no claim “\(name)” in a profile; known are "
                    + ProfileClaim.allCases.map(\.rawValue).sorted().joined(separator: ", ") + "."
            )
        }
        return claim
    }

    private static func require(
        _ isThere: Bool,
        for claim: ProfileClaim,
        in profile: JSONObject,
        _ what: String
    ) throws(AdministrationError) {
        guard profile[claim.rawValue] != nil, !isThere else { return }
        throw AdministrationError("\(claim.rawValue) needs \(what) that it is about.")
    }
}

extension ProfileClaim {
    /// The value, if it is one of this claim.
    fileprivate func checked(_ value: JSONValue) throws(AdministrationError) -> JSONValue {
        switch self {
        case .name, .givenName, .familyName, .middleName, .nickname, .gender, .phoneNumber:
            let maximum = AccountProfile.maximumText
            return try check(
                value,
                "text of 1 to \(maximum) bytes, in one line, in quotation marks"
            ) {
                $0.isLine(upTo: maximum)
            }
        case .profile, .picture, .website:
            return try check(value, "an http or https URL", \.isPageURL)
        case .birthdate:
            return try check(value, "a date like \"1990-12-31\", \"0000-12-31\" or \"1990\"") {
                $0.isBirthdate
            }
        case .zoneinfo:
            return try check(value, "a time zone's name like Europe/Paris", \.isTimeZoneName)
        case .locale:
            return try check(value, "a language tag like en-US", \.isLanguageTag)
        case .emailVerified, .phoneNumberVerified:
            guard value.bool != nil else { throw refusal("true or false") }
            return value
        case .address:
            return try checkedAddress(value)
        }
    }

    private func check(
        _ value: JSONValue,
        _ expected: String,
        _ isGood: (String) -> Bool
    ) throws(AdministrationError) -> JSONValue {
        guard let text = value.string, isGood(text) else { throw refusal(expected) }
        return value
    }

    private func checkedAddress(_ value: JSONValue) throws(AdministrationError) -> JSONValue {
        let known = AddressClaim.allCases.map(\.rawValue).joined(separator: ", ")
        guard let object = value.object else { throw refusal("an object of \(known)") }
        var address = JSONObject()
        for member in object.members where !member.value.isNull {
            guard let claim = AddressClaim(rawValue: member.name) else {
                throw refusal("an object of \(known), and has no “\(member.name)”")
            }
            guard let text = member.value.string, claim.takes(text) else {
                throw AdministrationError(
                    "\(member.name) of \(rawValue) is text of 1 to "
                        + "\(AccountProfile.maximumAddressLine) bytes."
                )
            }
            address[member.name] = member.value
        }
        guard !address.isEmpty else { throw refusal("an object of at least one of \(known)") }
        return .object(address)
    }

    private func refusal(_ expected: String) -> AdministrationError {
        AdministrationError("\(rawValue) is \(expected).")
    }
}

extension AddressClaim {
    fileprivate func takes(_ text: String) -> Bool {
        switch self {
        // OIDC Core §5.1.1: these may have line breaks.
        case .formatted, .streetAddress:
            text.utf8.filter { !Self.lineBreaks.contains($0) }.count > 0
                && text.utf8.count <= AccountProfile.maximumAddressLine
                && text.unicodeScalars.allSatisfy { !$0.isControl || $0 == "\n" || $0 == "\r" }
        case .locality, .region, .postalCode, .country:
            text.isLine(upTo: AccountProfile.maximumAddressLine)
        }
    }

    private static let lineBreaks: [UInt8] = [0x0A, 0x0D]
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { properties.generalCategory == .control }
}

extension String {
    fileprivate func isLine(upTo maximum: Int) -> Bool {
        1...maximum ~= utf8.count && unicodeScalars.allSatisfy { !$0.isControl }
    }

    /// Only what a page may link to: a `javascript:` URL in a profile is somebody's script.
    fileprivate var isPageURL: Bool {
        guard utf8.count <= AccountProfile.maximumURL else { return false }
        guard utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\"") }) else {
            return false
        }
        let rest: Substring
        if hasPrefix("https://") {
            rest = dropFirst("https://".count)
        } else if hasPrefix("http://") {
            rest = dropFirst("http://".count)
        } else {
            return false
        }
        return rest.first.map { $0.isLetter || $0.isNumber || $0 == "[" } ?? false
    }

    fileprivate var isBirthdate: Bool {
        let parts = split(separator: "-", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard parts.joined().allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return false
        }
        switch parts.map(\.count) {
        case [4]: return parts[0] != Array("0000".utf8)
        case [4, 2, 2]:
            let numbers = parts.map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
            return 1...12 ~= numbers[1]
                && 1...Self.days(ofMonth: numbers[1], inYear: numbers[0]) ~= numbers[2]
        default: return false
        }
    }

    /// The year 0000, which stands for no year, has a 29th of February.
    private static func days(ofMonth month: Int, inYear year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    fileprivate var isTimeZoneName: Bool {
        isWord(upTo: 64, with: "/_+-") && first?.isLetter == true
    }

    /// RFC 5646, and the underscore that OIDC Core §5.1 tells servers to put up with.
    fileprivate var isLanguageTag: Bool {
        isWord(upTo: 35, with: "-_") && first?.isLetter == true
    }

    /// ASCII letters and digits, and these signs.
    private func isWord(upTo maximum: Int, with signs: String) -> Bool {
        1...maximum ~= utf8.count
            && unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9": true
                default: signs.unicodeScalars.contains(scalar)
                }
            }
    }
}
