import Foundation
import MartletProtocol
import Testing

@Suite("OAuth errors")
struct OAuthErrorTests {
    @Test(
        "the codes are those of the RFCs, each with its status",
        .covers("RFC 6749 §5.2 error-shape")
    )
    func codes() {
        let table: [(code: OAuthError.Code, name: String, status: Int)] = [
            (.invalidRequest, "invalid_request", 400),
            (.invalidClient, "invalid_client", 401),
            (.invalidGrant, "invalid_grant", 400),
            (.unauthorizedClient, "unauthorized_client", 400),
            (.unsupportedGrantType, "unsupported_grant_type", 400),
            (.invalidScope, "invalid_scope", 400),
            (.invalidTarget, "invalid_target", 400),
            (.unsupportedTokenType, "unsupported_token_type", 400),
            (.invalidClientMetadata, "invalid_client_metadata", 400),
            (.invalidRedirectURI, "invalid_redirect_uri", 400),
            (.accessDenied, "access_denied", 400),
            (.unsupportedResponseType, "unsupported_response_type", 400),
            (.interactionRequired, "interaction_required", 400),
            (.loginRequired, "login_required", 400),
            (.accountSelectionRequired, "account_selection_required", 400),
            (.consentRequired, "consent_required", 400),
            (.unmetAuthenticationRequirements, "unmet_authentication_requirements", 400),
            (.requestNotSupported, "request_not_supported", 400),
            (.requestURINotSupported, "request_uri_not_supported", 400),
            (.registrationNotSupported, "registration_not_supported", 400),
            (.authorizationPending, "authorization_pending", 400),
            (.slowDown, "slow_down", 400),
            (.expiredToken, "expired_token", 400),
            (.serverError, "server_error", 500),
            (.temporarilyUnavailable, "temporarily_unavailable", 503),
        ]
        #expect(table.map(\.code) == OAuthError.Code.allCases)
        for row in table {
            #expect(row.code.rawValue == row.name)
            #expect(OAuthError(row.code, "A sentence.").status == row.status)
        }
    }

    /// RFC 6749 §5.2: `%x20-21 / %x23-5B / %x5D-7E`.
    private func isAllowed(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x21 || (0x23...0x5B).contains(byte) || (0x5D...0x7E).contains(byte)
    }

    @Test("a parameter that was sent twice is told in one sentence without the request in it")
    func repeated() throws {
        let form = try FormParameters(parsing: Array("evil%22%5C=1&evil%22%5C=2".utf8))
        let error = try #require(#expect(throws: OAuthError.self) { try form.one("evil\"\\") })
        #expect(error.code == .invalidRequest)
        #expect(error.sentence.utf8.allSatisfy(isAllowed))
        #expect(!error.sentence.contains("evil"))
        #expect(error.sentence.hasSuffix("."))
    }

    /// A sentence, and the file that it stands in.
    private struct Sentence {
        let file: String
        let text: String
    }

    /// The literals of each `OAuthError(…)` in the sources, joined as the compiler joins them.
    private func sentences() throws -> [Sentence] {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources")
        let files = try #require(
            FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        )
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
            .flatMap { file in
                let text = try String(contentsOf: file, encoding: .utf8)
                return text.split(separator: "OAuthError(", omittingEmptySubsequences: false)
                    .dropFirst()
                    .compactMap { literal(in: $0) }
                    .map { Sentence(file: file.lastPathComponent, text: $0) }
            }
    }

    /// What stands between quotation marks up to the closing parenthesis, escapes as written.
    private func literal(in text: Substring) -> String? {
        var found = ""
        var isInside = false
        var hasLiteral = false
        for character in text {
            if character == "\"" {
                isInside.toggle()
                hasLiteral = true
            } else if isInside {
                found.append(character)
            } else if character == ")" || character == "{" {
                break
            }
        }
        return hasLiteral ? found : nil
    }

    @Test(
        "every sentence in the sources is ASCII without quotation marks or backslashes",
        .covers("RFC 6749 §5.2 description-characters")
    )
    func sources() throws {
        let sentences = try sentences()
        #expect(sentences.count > 10)
        for sentence in sentences {
            #expect(sentence.text.utf8.allSatisfy(isAllowed), "\(sentence)")
            #expect(sentence.text.hasSuffix("."), "\(sentence)")
            #expect(sentence.text.first?.isUppercase == true, "\(sentence)")
        }
    }
}
