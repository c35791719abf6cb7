/// The messages that Swift asks for. Those that templates name stand in the message files alone;
/// the tests hold that every one is there, and none for nothing.
enum MessageKey: String, CaseIterable {
    // Sign-in
    case loginTitle, loginAgainTitle, loginForApp, loginForDevice, loginForAccount, loginAgain
    case problemWrongPassword, problemTooManyAttempts, problemFormExpired, problemSignInEnded
    case problemCookiesMissing

    // Which account
    case selectAccountTitle, selectAccountForApp, selectAccountHere, continueAs

    // Consent
    case consentTitle, consentLead, unverifiedApp, unverifiedRedirect
    case scopeOpenID, scopeProfile, scopeEmail, scopeAddress, scopePhone, scopeOfflineAccess

    // Devices
    case deviceTitle, deviceConfirmTitle, deviceConfirmLead, deviceConfirmOrigin
    case deviceAllowedTitle, deviceAllowed
    case deviceDeniedTitle, deviceDenied, problemUnknownCode

    // The account page
    case accountTitle, deviceOn, deviceUnknown, endSessionOf, withdrawFrom
    case noticeSessionEnded, noticeConsentWithdrawn, noticePasswordChanged
    case problemWrongCurrentPassword, problemPasswordTooShort
    case problemPasswordTooLong, problemPasswordsDiffer, passwordRule
    case eventAccountCreated, eventAccountEnabled, eventAccountUpdated, eventSignedOutHere,
        eventSignedIn, eventSignedInHere
    case eventNewAddress, eventReuseDetected, eventSessionEnded, eventAllSessionsEnded
    case eventConsentGiven, eventConsentWithdrawn
    case endReuse, endRevokedByClient, endRevokedByOperator, endRevokedByUser, endReplaced,
        endExhausted, endIdle
    case endExpired, endAccountDisabled, endAccountDeleted, endPasswordChanged
    case endSignedOutEverywhere, endSignedOut, endClientRevoked, endClientDeleted,
        endConsentWithdrawn
    case endCodeReuse, endKeyCompromised, endRestored

    // Signing out
    case logoutTitle, logoutLead, logoutForApp, loggedOutTitle, backToApp

    // The way back to the app
    case formPostTitle, formPostLead

    // Problems
    case notFoundTitle, notFound, badRequestTitle, badRequest, formExpiredTitle, formExpired
    case cookiesMissingTitle, cookiesMissing, linkExpiredTitle, linkExpired, tooManyRequestsTitle
    case tooManyRequests, unavailableTitle, unavailable, unexpectedTitle, unexpected

    // Times
    case dateAndTime, justNow
    case minutesAgoOne, minutesAgoOther, hoursAgoOne, hoursAgoOther, daysAgoOne, daysAgoOther
    case inMinutesOne, inMinutesOther, inHoursOne, inHoursOther, inDaysOne, inDaysOther
    case january, february, march, april, may, june, july, august, september, october, november
    case december
}
