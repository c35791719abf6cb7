public import MartletProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a store keeps of a session: its newest tokens, or why there are none any more.
///
/// To a store it is bytes with a version: ``encoded()`` makes them, ``init(decoding:)`` reads them.
public struct StoredSession: Sendable, Equatable {
    /// Tells one write from every other. Random, so that a session that was removed and made again is
    /// never taken for the one before.
    public struct Version: Hashable, Sendable, CustomStringConvertible {
        /// 22 characters of base64url. Nothing secret.
        public let description: String

        /// A version by its text, as a store may keep it beside the bytes.
        ///
        /// - Parameter description: What ``description`` was.
        public init(_ description: String) {
            self.description = description
        }
    }

    enum Content: Sendable, Equatable {
        case tokens(TokenSet)
        case over(SignInReason)
    }

    /// Which write this is.
    public let version: Version

    let content: Content

    init(version: Version, content: Content) {
        self.version = version
        self.content = content
    }

    // MARK: - Bytes

    /// The names that are nobody's but the store's.
    private enum Name {
        static let version = "version"
        static let over = "over"
        static let expiresAt = "expires_at"
        static let sessionExpiresAt = "session_expires_at"
        static let receivedAt = "received_at"
    }

    /// The session as bytes: JSON, with tokens in it that whoever reads it can use.
    ///
    /// - Returns: Bytes to be kept where nobody else reads them.
    public func encoded() -> Secret {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member(Name.version, version.description)
            switch content {
            case .over(let reason): writer.member(Name.over, reason.rawValue)
            case .tokens(let tokens): Self.write(tokens, to: &writer)
            }
        }
        return Secret(writer.bytes)
    }

    private static func write(_ tokens: TokenSet, to writer: inout JSONWriter) {
        writer.member(WireName.accessToken, tokens.accessToken.text)
        writer.member(Name.expiresAt, ifPresent: tokens.accessTokenExpiresAt.map(milliseconds))
        writer.member(WireName.refreshToken, ifPresent: tokens.refreshToken?.text)
        writer.member(
            Name.sessionExpiresAt,
            ifPresent: tokens.sessionExpiresAt.map(milliseconds)
        )
        if let scope = tokens.scope { writer.member(WireName.scope, scope) }
        writer.member(WireName.idToken, ifPresent: tokens.idToken?.compact.text)
        writer.member(Name.receivedAt, milliseconds(tokens.receivedAt))
    }

    /// Reads what ``encoded()`` wrote.
    ///
    /// - Parameter secret: The bytes.
    /// - Throws: ``ClientError`` with ``ClientError/Code/store`` if they are something else.
    public init(decoding secret: Secret) throws(ClientError) {
        guard let json = try? JSONValue(parsing: secret.bytes),
            let version = json[Name.version]?.string
        else { throw Self.unreadable }
        self.version = Version(version)
        if let reason = json[Name.over]?.string.flatMap({ SignInReason(rawValue: $0) }) {
            content = .over(reason)
        } else {
            content = .tokens(try Self.tokens(json))
        }
    }

    private static func tokens(_ json: JSONValue) throws(ClientError) -> TokenSet {
        guard let access = json[WireName.accessToken]?.string,
            let receivedAt = date(json[Name.receivedAt])
        else { throw unreadable }
        return TokenSet(
            accessToken: Secret(access),
            accessTokenExpiresAt: date(json[Name.expiresAt]),
            refreshToken: json[WireName.refreshToken]?.string.map { Secret($0) },
            sessionExpiresAt: date(json[Name.sessionExpiresAt]),
            scope: json[WireName.scope]?.strings,
            idToken: try json[WireName.idToken]?.string.map(idToken),
            receivedAt: receivedAt
        )
    }

    /// It was checked before it was stored.
    private static func idToken(_ compact: String) throws(ClientError) -> TokenSet.IDToken {
        guard let signed = try? IDTokenCheck.parse(compact),
            let claims = try? IDTokenCheck.claims(of: signed)
        else { throw unreadable }
        return TokenSet.IDToken(compact: Secret(compact), claims: claims)
    }

    private static let unreadable = ClientError(.store, "What is stored is not a session.")

    private static func milliseconds(_ date: Date) -> Int64 {
        Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    private static func date(_ json: JSONValue?) -> Date? {
        json?.integer.map { Date(timeIntervalSince1970: Double($0) / 1000) }
    }
}
