package import MartletProtocol

/// What is told of a person, and under which scope (OIDC Core §5.1 and §5.4).
///
/// Nothing is told but under a scope that was granted: the `claims` parameter picks among what the
/// scopes allow, and widens nothing that the person agreed to.
package enum UserClaims {
    /// Every claim that can be told of a person, `sub` apart.
    package static let names: [String] =
        [ClaimName.preferredUsername, ClaimName.email, ClaimName.updatedAt]
        + ProfileClaim.allCases.map(\.rawValue)

    /// All that these scopes tell of an account.
    package static func claims(of account: Account, in scope: Scope) -> JSONObject {
        picked(from: account) { name, _ in isTold(name, in: scope) }
    }

    /// What is asked for one by one and these scopes tell of an account; a claim that was asked
    /// for with a value is told if it has that value.
    package static func claims(
        of account: Account,
        in scope: Scope,
        asked: [String: ClaimsRequest.Claim]
    ) -> JSONObject {
        picked(from: account) { name, value in
            isTold(name, in: scope) && asked[name]?.accepts(value) == true
        }
    }

    private static func picked(
        from account: Account,
        _ isTold: (String, JSONValue) -> Bool
    ) -> JSONObject {
        var claims = JSONObject()
        for member in everything(of: account).members where isTold(member.name, member.value) {
            claims[member.name] = member.value
        }
        return claims
    }

    /// The account's claims, in the order of OIDC Core's table.
    private static func everything(of account: Account) -> JSONObject {
        var claims = JSONObject()
        claims[ClaimName.preferredUsername] = .string(account.username)
        claims[ClaimName.email] = account.email.map { .string($0) }
        for claim in ProfileClaim.allCases {
            claims[claim.rawValue] = account.profile[claim.rawValue]
        }
        claims[ClaimName.updatedAt] = account.updatedAt.map { .integer($0.seconds) }
        return claims
    }

    private static func isTold(_ name: String, in scope: Scope) -> Bool {
        Self.scope(of: name).map(scope.contains) ?? false
    }

    /// The scope that a claim is told under; `nil` if it is none of a person's.
    static func scope(of name: String) -> String? {
        switch name {
        case ClaimName.preferredUsername, ClaimName.updatedAt: ScopeName.profile
        case ClaimName.email: ScopeName.email
        default: ProfileClaim(rawValue: name)?.scope
        }
    }
}

extension ProfileClaim {
    /// The scope that it is told under (OIDC Core §5.4).
    fileprivate var scope: String {
        switch self {
        case .name, .givenName, .familyName, .middleName, .nickname, .profile, .picture, .website,
            .gender, .birthdate, .zoneinfo, .locale:
            ScopeName.profile
        case .emailVerified: ScopeName.email
        case .phoneNumber, .phoneNumberVerified: ScopeName.phone
        case .address: ScopeName.address
        }
    }
}

extension ClaimsRequest {
    /// Whether the ID token is to tell something of the person, for which the account is read.
    package var needsAccount: Bool {
        idToken.keys.contains { UserClaims.scope(of: $0) != nil }
    }
}
