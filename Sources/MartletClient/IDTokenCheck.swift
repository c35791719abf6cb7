import MartletProtocol
import MartletTransport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whether an ID token tells this client of the sign-in that it asked for (OpenID Connect Core
/// §3.1.3.7). Pure; the signature is verified by the caller, with a key of the issuer.
struct IDTokenCheck: Sendable {
    /// How far the server's clock may be from ours.
    static let leeway: Double = 60

    let issuer: String
    let clientID: String
    /// What the request sent along; nil where there was none to send.
    var nonce: String?
    /// The longest time since the sign-in, if the request named one.
    var maximumAge: Duration?
    /// The access token that came along.
    var accessToken: Secret
    let now: Date

    /// Takes a token apart, and sees to its type: another JWT of the same issuer is none.
    static func parse(_ compact: String) throws(ClientError) -> JSONWebSignature {
        let signed: JSONWebSignature
        do {
            signed = try JSONWebSignature.parse(compact)
        } catch {
            throw .distrusted("The ID token is malformed.", error)
        }
        guard signed.header.type == nil || signed.header.isType(IDTokenClaims.type) else {
            throw .distrusted("The ID token is another kind of token.")
        }
        return signed
    }

    /// The claims of a token, which say nothing yet.
    static func claims(of signed: JSONWebSignature) throws(ClientError) -> IDTokenClaims {
        do {
            return try IDTokenClaims(json: try JSONValue(parsing: signed.payload))
        } catch {
            throw .distrusted("A claim of the ID token is missing or malformed.", error)
        }
    }

    /// The numbers are those of OpenID Connect Core §3.1.3.7.
    func check(
        _ claims: IDTokenClaims,
        signedWith algorithm: SignatureAlgorithm
    ) throws(ClientError) {
        // 2.
        guard claims.issuer.isSameText(as: issuer) else {
            throw .distrusted("The ID token is from another issuer.")
        }
        // 3, 4 and 5: for us, and for nobody whom we do not know.
        guard claims.audience.allSatisfy({ $0.isSameText(as: clientID) }) else {
            throw .distrusted("The ID token is not for this client alone.")
        }
        if let party = claims.authorizedParty, !party.isSameText(as: clientID) {
            throw .distrusted("The ID token was issued to another client.")
        }
        // 9 and 10.
        let seconds = now.timeIntervalSince1970
        guard seconds < Double(claims.expiresAt) + Self.leeway else {
            throw .distrusted("The ID token has expired.")
        }
        guard Double(claims.issuedAt) <= seconds + Self.leeway else {
            throw .distrusted("The ID token is from the future.")
        }
        // 11.
        if let nonce {
            guard let returned = claims.nonce, Secret(returned) == Secret(nonce) else {
                throw .distrusted("The ID token answers another request: its nonce differs.")
            }
        }
        // 13.
        if let maximumAge {
            guard let signedInAt = claims.authenticationTime,
                seconds - Double(signedInAt) <= maximumAge.inSeconds + Self.leeway
            else { throw .distrusted("The person signed in longer ago than was asked for.") }
        }
        // §3.1.3.8.
        if let hash = claims.accessTokenHash {
            let expected = IDTokenClaims.hash(of: accessToken.text, for: algorithm)
            guard hash.isSameText(as: expected) else {
                throw .distrusted("The access token is not the one that the ID token came with.")
            }
        }
    }

    /// Whether the ID token of a refresh goes on about the same sign-in (OpenID Connect Core §12.2).
    static func continues(_ earlier: IDTokenClaims, _ later: IDTokenClaims) -> Bool {
        later.issuer.isSameText(as: earlier.issuer)
            && later.subject.isSameText(as: earlier.subject)
            && later.audience == earlier.audience
            && (later.nonce == nil || later.nonce == earlier.nonce)
            && (later.authenticationTime == nil
                || later.authenticationTime == earlier.authenticationTime)
            && later.authorizedParty == earlier.authorizedParty
    }
}

extension ClientError {
    static func distrusted(
        _ description: String,
        _ underlying: (any Error)? = nil
    ) -> ClientError {
        ClientError(.untrusted, description, underlying: underlying)
    }
}
