/// The claims that a client asks for one by one: the `claims` parameter of an authorization request
/// (OIDC Core §5.5).
///
/// Being asked for is not being allowed: who answers decides what of it to tell.
public struct ClaimsRequest: Sendable, Equatable {
    /// In bytes of JSON. A request for every standard claim with a value each is a quarter of it.
    public static let maximumLength = 8192
    /// Claims in each of the two places: there are twenty standard ones.
    public static let maximumClaims = 100
    /// Values that one claim may be asked for with.
    public static let maximumValues = 20

    /// What is said of one claim that is asked for (OIDC Core §5.5.1).
    public struct Claim: Sendable, Equatable {
        /// Whether the client says that it cannot do its work without it.
        public let isEssential: Bool
        /// The one value that it is asked for with.
        public let value: JSONValue?
        /// The values of which it is asked for with one, the preferred first.
        public let values: [JSONValue]?

        /// A claim that is asked for, any value of it unless some are named.
        ///
        /// - Parameters:
        ///   - isEssential: Whether the client cannot do its work without it.
        ///   - value: The one value that will do.
        ///   - values: The values that will do.
        public init(
            isEssential: Bool = false,
            value: JSONValue? = nil,
            values: [JSONValue]? = nil
        ) {
            self.isEssential = isEssential
            self.value = value
            self.values = values
        }

        /// Whether a value is one that was asked for; any is if none was named. Text is compared
        /// byte for byte.
        ///
        /// - Parameter value: What the claim would say.
        /// - Returns: Whether that will do.
        public func accepts(_ value: JSONValue) -> Bool {
            if let wanted = self.value, !wanted.isSameValue(as: value) { return false }
            guard let values else { return true }
            return values.contains { $0.isSameValue(as: value) }
        }
    }

    /// What is asked for in the ID token, by the claims' names.
    public let idToken: [String: Claim]

    /// What is asked for at the UserInfo endpoint, by the claims' names.
    public let userInfo: [String: Claim]

    /// A request for these claims.
    ///
    /// - Parameters:
    ///   - idToken: What is asked for in the ID token.
    ///   - userInfo: What is asked for at the UserInfo endpoint.
    public init(idToken: [String: Claim] = [:], userInfo: [String: Claim] = [:]) {
        self.idToken = idToken
        self.userInfo = userInfo
    }

    /// Whether nothing is asked for.
    public var isEmpty: Bool { idToken.isEmpty && userInfo.isEmpty }
}

// MARK: - Reading and writing

extension ClaimsRequest {
    fileprivate enum Name {
        static let idToken = WireName.idToken
        static let userInfo = "userinfo"
        static let essential = "essential"
        static let value = "value"
        static let values = "values"
    }

    private static let malformed = OAuthError(
        .invalidRequest,
        "The claims parameter is not a claims request (OpenID Connect Core 5.5)."
    )
    private static let tooLong = OAuthError(
        .invalidRequest,
        "The claims parameter asks for more than any client needs."
    )

    /// Reads the parameter's value.
    ///
    /// - Parameter text: JSON.
    /// - Throws: ``OAuthError`` with ``OAuthError/Code/invalidRequest`` if it is no JSON object, is
    ///   past a bound, or has a member of the wrong type. Members that §5.5 does not define are
    ///   ignored, as it demands.
    public init(parsing text: String) throws(OAuthError) {
        guard text.utf8.count <= Self.maximumLength else { throw Self.tooLong }
        guard let json = try? JSONValue(parsing: Array(text.utf8)) else { throw Self.malformed }
        try self.init(json: json)
    }

    /// Reads what ``json`` wrote, or a request object's `claims` member.
    ///
    /// - Parameter json: An object with the members `id_token` and `userinfo`, or one of them.
    /// - Throws: As ``init(parsing:)``.
    public init(json: JSONValue) throws(OAuthError) {
        guard let object = json.object else { throw Self.malformed }
        idToken = try Self.claims(object[Name.idToken])
        userInfo = try Self.claims(object[Name.userInfo])
    }

    private static func claims(_ value: JSONValue?) throws(OAuthError) -> [String: Claim] {
        guard let value, !value.isNull else { return [:] }
        guard let object = value.object else { throw malformed }
        guard object.count <= maximumClaims else { throw tooLong }
        var claims: [String: Claim] = [:]
        for member in object.members {
            // One of two canonically equivalent names: the reader of the parameter refuses both.
            guard claims[member.name] == nil else { throw malformed }
            claims[member.name] = try claim(member.value)
        }
        return claims
    }

    private static func claim(_ json: JSONValue) throws(OAuthError) -> Claim {
        if json.isNull { return Claim() }
        guard let object = json.object else { throw malformed }
        let essential = object[Name.essential]
        let values = object[Name.values]
        guard essential == nil || essential?.bool != nil, values == nil || values?.array != nil
        else { throw malformed }
        guard values?.array?.count ?? 0 <= maximumValues else { throw tooLong }
        return Claim(
            isEssential: essential?.bool ?? false,
            value: object[Name.value].flatMap { $0.isNull ? nil : $0 },
            values: values?.array
        )
    }

    /// The request as JSON, for keeping: what ``init(json:)`` reads. The same request always makes
    /// the same JSON.
    public var json: JSONValue {
        var object = JSONObject()
        if !idToken.isEmpty { object[Name.idToken] = Self.json(idToken) }
        if !userInfo.isEmpty { object[Name.userInfo] = Self.json(userInfo) }
        return .object(object)
    }

    private static func json(_ claims: [String: Claim]) -> JSONValue {
        var object = JSONObject()
        for (name, claim) in claims.sorted(by: { $0.key < $1.key }) { object[name] = claim.json }
        return .object(object)
    }
}

extension ClaimsRequest.Claim {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        if isEssential { object[ClaimsRequest.Name.essential] = true }
        object[ClaimsRequest.Name.value] = value
        object[ClaimsRequest.Name.values] = values.map { .array($0) }
        return object.isEmpty ? .null : .object(object)
    }
}

extension JSONValue {
    /// Whether two values are the same, text by its bytes: the written form of both is.
    fileprivate func isSameValue(as other: JSONValue) -> Bool { encoded() == other.encoded() }
}
