import MartletProtocol
import Testing

@testable import MartletResourceServer

@Suite("What a request asks of its token")
struct TokenRequirementTests {
    private static let now = Double(Forge.now)
    private static let strong = "urn:example:strong"

    private func refusal(
        _ requirement: TokenRequirement,
        leeway: Double = 0,
        _ change: (inout AccessTokenClaims) -> Void = { _ in }
    ) -> AccessTokenError? {
        var claims = Forge.claims
        change(&claims)
        return requirement.refusal(of: claims, at: Self.now, leeway: leeway)
    }

    @Test("a request that asks nothing takes any good token")
    func nothing() {
        #expect(refusal(.none) == nil)
        #expect(refusal(.none) { $0.scope = "" } == nil)
    }

    @Test(
        "a sign-in of too long ago, or of no known time, is not enough",
        .covers("RFC 9470 §3 error", "RFC 9470 §3 max-age", "RFC 9470 §6.1 jwt")
    )
    func age() {
        let requirement = TokenRequirement(maximumAge: .seconds(60))
        #expect(refusal(requirement) { $0.authenticationTime = Forge.now - 60 } == nil)
        for time in [Forge.now - 61, 0, nil] {
            let error = refusal(requirement) { $0.authenticationTime = time }
            #expect(error?.code == .insufficientUserAuthentication)
            #expect(error?.status == 401)
            #expect(
                error?.challenge(realm: "api")
                    == #"Bearer realm="api", error="insufficient_user_authentication", "#
                    + #"error_description="A more recent sign-in is required.", max_age="60""#
            )
        }
        #expect(
            refusal(requirement, leeway: 5) { $0.authenticationTime = Forge.now - 65 } == nil
        )
        let never = TokenRequirement(maximumAge: .zero)
        #expect(refusal(never) { $0.authenticationTime = Forge.now } == nil)
        #expect(refusal(never) { $0.authenticationTime = Forge.now - 1 }?.requiredMaximumAge == 0)
    }

    @Test(
        "a sign-in of another kind than asked for, or of no known kind, is not enough",
        .covers("RFC 9470 §3 error", "RFC 9470 §3 acr-values", "RFC 9470 §6.1 jwt")
    )
    func kind() {
        let requirement = TokenRequirement(contextClasses: [Self.strong, "urn:example:key"])
        for acr in [Self.strong, "urn:example:key"] {
            #expect(refusal(requirement) { $0.authenticationContext = acr } == nil)
        }
        for acr in ["urn:example:weak", Self.strong + "er", "", nil] {
            let error = refusal(requirement) { $0.authenticationContext = acr }
            #expect(
                error?.challenge(realm: "api")
                    == #"Bearer realm="api", error="insufficient_user_authentication", "#
                    + #"error_description="A different kind of sign-in is required.", "#
                    + #"acr_values="urn:example:strong urn:example:key""#
            )
        }
    }

    @Test(
        "the refusal of a sign-in tells all that is needed, missing scopes too",
        .covers("RFC 9470 §3 scope")
    )
    func everything() {
        let requirement = TokenRequirement(
            scopes: ["admin"],
            contextClasses: [Self.strong],
            maximumAge: .seconds(300)
        )
        let error = refusal(requirement)
        #expect(error?.code == .insufficientUserAuthentication)
        #expect(error?.requiredScopes == ["admin"])
        #expect(error?.requiredContextClasses == [Self.strong])
        #expect(error?.requiredMaximumAge == 300)
        let again = refusal(requirement) {
            $0.authenticationTime = Forge.now
            $0.authenticationContext = Self.strong
        }
        #expect(again?.code == .insufficientScope)
        let granted = refusal(requirement) {
            $0.authenticationTime = Forge.now
            $0.authenticationContext = Self.strong
            $0.scope = "admin"
        }
        #expect(granted == nil)
    }
}
