import Foundation
import MartletProtocol

extension Harness {
    /// An `Authorization` header, Basic or Bearer.
    static let basic = Harness(name: "basic") { bytes in
        try AuthorizationRules.checkBasic(bytes.text)
        try AuthorizationRules.checkPair(bytes)
        try AuthorizationRules.checkBearer(bytes.text)
    }
}

/// What holds of every `Authorization` header.
private enum AuthorizationRules {
    static func checkBasic(_ header: String) throws {
        guard let credentials = BasicCredentials(headerValue: header) else { return }
        try require(BasicCredentials.isBasic(header), "credentials come with their scheme")
        try require(!credentials.clientID.isEmpty, "a client has an identifier")
        let encoded = header.utf8.dropFirst(6).drop { $0 == UInt8(ascii: " ") }
        let data = try require(
            Data(base64Encoded: String(decoding: encoded, as: UTF8.self)),
            "what is accepted is base64 to Foundation too"
        )
        try checkSame(credentials, [UInt8](data))
        try require(
            data.base64EncodedString().utf8.elementsEqual(encoded),
            "credentials have one spelling in base64"
        )
    }

    /// Any bytes, rightly encoded.
    static func checkPair(_ bytes: [UInt8]) throws {
        let header = "Basic " + Data(bytes).base64EncodedString()
        let credentials = BasicCredentials(headerValue: header)
        let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
        let clientID = colon.flatMap { ForeignForm.decode(bytes[..<$0]) } ?? ""
        let secret = colon.flatMap { ForeignForm.decode(bytes[($0 + 1)...]) }
        // Of broken UTF-8 Foundation makes something, so only ASCII tells.
        if clientID.isASCII, secret?.isASCII ?? true {
            try require(
                (credentials != nil) == (!clientID.isEmpty && secret != nil),
                "credentials are accepted where Foundation can read both halves"
            )
        }
        if let credentials { try checkSame(credentials, bytes) }
    }

    private static func checkSame(_ credentials: BasicCredentials, _ bytes: [UInt8]) throws {
        let colon = try require(bytes.firstIndex(of: UInt8(ascii: ":")), "there is a colon")
        let clientID = ForeignForm.decode(bytes[..<colon])
        let secret = ForeignForm.decode(bytes[(colon + 1)...])
        try require(
            clientID?.isSameText(as: credentials.clientID) ?? false,
            "the identifier is the one that Foundation reads"
        )
        try require(
            secret.map { Secret($0) } == credentials.secret,
            "the secret is the one that Foundation reads"
        )
        let again =
            ForeignForm.encode(credentials.clientID) + ":" + ForeignForm.encode(secret ?? "")
        try require(
            BasicCredentials(headerValue: "basic " + Data(again.utf8).base64EncodedString())
                == credentials,
            "credentials that are written again are the same"
        )
    }

    static func checkBearer(_ header: String) throws {
        guard case .token(let token) = BearerCredentials(authorization: header) else { return }
        try require(
            BearerCredentials(authorization: "Bearer " + token) == .token(token),
            "a token that is written again is the same"
        )
        try require(header.utf8.suffix(token.utf8.count).elementsEqual(token.utf8), "it ends there")
        try require(token.utf8.allSatisfy { 0x21..<0x7F ~= $0 }, "a token is visible ASCII")
    }
}
