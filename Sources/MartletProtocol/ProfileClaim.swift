/// The standard claims about a person that a server holds beside who they are: OIDC Core §5.1
/// without `sub`, `preferred_username`, `email` and `updated_at`, which follow from the account.
public enum ProfileClaim: String, Sendable, CaseIterable {
    /// The full name, as it is shown.
    case name
    /// The given name or names.
    case givenName = "given_name"
    /// The surname or surnames.
    case familyName = "family_name"
    /// The middle name or names.
    case middleName = "middle_name"
    /// What the person is casually called.
    case nickname
    /// The URL of a page about the person.
    case profile
    /// The URL of a picture of the person.
    case picture
    /// The URL of the person's own page.
    case website
    /// Whether the e-mail address is known to be the person's.
    case emailVerified = "email_verified"
    /// `female`, `male`, or another word.
    case gender
    /// `YYYY-MM-DD`, `0000-MM-DD` without the year, or `YYYY`.
    case birthdate
    /// A name of the time zone database, like `Europe/Paris`.
    case zoneinfo
    /// A language tag (RFC 5646), like `en-US`.
    case locale
    /// E.164 is recommended, like `+1 (425) 555-1212`.
    case phoneNumber = "phone_number"
    /// Whether the telephone number is known to be the person's.
    case phoneNumberVerified = "phone_number_verified"
    /// An object of ``AddressClaim``s.
    case address
}

/// The members of the `address` claim (OIDC Core §5.1.1).
public enum AddressClaim: String, Sendable, CaseIterable {
    /// The whole address, as on a label; it may have several lines.
    case formatted
    /// Street, house number and what belongs to them; it may have several lines.
    case streetAddress = "street_address"
    /// The city.
    case locality
    /// The state, province or region.
    case region
    /// The zip code.
    case postalCode = "postal_code"
    /// The country.
    case country
}
