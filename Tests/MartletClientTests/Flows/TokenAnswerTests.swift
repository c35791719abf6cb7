import HTTPTypes
import MartletProtocol
import Testing

@testable import MartletClient

@Suite("What an answer of the token endpoint says")
struct TokenAnswerTests {
    private func read(
        _ status: Int,
        _ body: String,
        _ header: HTTPFields = [:]
    ) -> TokenAnswer {
        .reading(FormAnswer(status: status, header: header, body: Array(body.utf8)))
    }

    @Test(
        "tokens are tokens",
        arguments: [
            #"{"access_token":"a","token_type":"Bearer"}"#,
            #"{"access_token":"a","token_type":"bearer","expires_in":600}"#,
            #"{"access_token":"a","token_type":"BEARER","expires_in":"600","x":[1]}"#,
        ]
    )
    func tokens(body: String) {
        guard case .tokens(let response) = read(200, body) else {
            Issue.record("no tokens")
            return
        }
        #expect(response.accessToken == Secret("a"))
        #expect(response.expiresIn == (body.contains("expires_in") ? 600 : nil))
    }

    @Test("the session ends at the sooner of its two ends")
    func ends() {
        let body =
            #"{"access_token":"a","token_type":"Bearer","refresh_token_timeout":9,"#
            + #""authorization_expires_in":7,"expires_in":99999999999999999}"#
        guard case .tokens(let response) = read(200, body) else {
            Issue.record("no tokens")
            return
        }
        #expect(response.sessionEndsIn == 7)
        #expect(response.expiresIn == 3_162_240_000, "absurd numbers have a bound")
    }

    @Test(
        "a refusal is one only with an error in JSON",
        arguments: [
            (400, #"{"error":"invalid_grant"}"#), (401, #"{"error":"invalid_client"}"#),
            (403, #"{"error":"anything","error_description":"x"}"#),
        ]
    )
    func refused(status: Int, body: String) {
        guard case .refused = read(status, body) else {
            Issue.record("not refused")
            return
        }
    }

    @Test(
        "whatever says nothing is a lost answer: it may have been done",
        arguments: [
            (200, ""), (200, "<html>Sign in to the wireless network"), (200, "{}"),
            (200, #"{"access_token":"a","token_type":"DPoP"}"#),
            (200, #"{"access_token":"","token_type":"Bearer"}"#),
            (200, #"{"access_token":"a","token_type":"Bearer""#), (302, ""), (400, ""),
            (404, "Not found"), (403, "{}"), (500, #"{"error":"invalid_grant"}"#),
            (503, #"{"error":"temporarily_unavailable"}"#), (429, #"{"error":"slow_down"}"#),
            (400, #"{"error":"temporarily_unavailable"}"#), (400, #"{"error":"server_error"}"#),
            (204, ""), (502, "Bad gateway"),
        ]
    )
    func lost(status: Int, body: String) {
        guard case .lost = read(status, body) else {
            Issue.record("not lost")
            return
        }
    }

    @Test("Retry-After is heard, in seconds and within bounds")
    func retryAfter() {
        for (text, expected) in [
            ("7", .seconds(7)), ("99999999999", .seconds(3600)), ("-1", nil), ("soon", nil),
        ] as [(String, Duration?)] {
            guard case .lost(let lost) = read(503, "", [.retryAfter: text]) else {
                Issue.record("not lost")
                return
            }
            #expect(lost.retryAfter == expected)
        }
    }
}
