import MartletResourceServer
import Testing

@Suite("Bearer tokens in requests")
struct BearerTokenTests {
    @Test(
        "the token stands behind the scheme, whatever the scheme's case",
        .covers("RFC 6750 §2.1 header"),
        arguments: [
            ("Bearer abc", "abc"), ("bearer a.b-c_d~e+f/g", "a.b-c_d~e+f/g"),
            ("BEARER abc==", "abc=="), ("Bearer   abc", "abc"),
        ]
    )
    func token(header: String, token: String) throws {
        #expect(try BearerToken.extract(fromAuthorization: header) == token)
    }

    @Test(
        "no header and another scheme are a request without a token: 401, no error named",
        .covers("RFC 6750 §3 no-error-without-token", "RFC 6750 §3 challenge"),
        arguments: [
            nil, "", "Basic abc", "DPoP abc", "Bearerabc", "Bear er abc", "abc", " Bearer abc",
        ]
    )
    func missing(header: String?) {
        let error = #expect(throws: AccessTokenError.self) {
            try BearerToken.extract(fromAuthorization: header)
        }
        #expect(error?.code == .tokenMissing)
        #expect(error?.status == 401)
        #expect(error?.challenge(realm: "api") == #"Bearer realm="api""#)
    }

    @Test(
        "a header that does not hold exactly one well formed token is a bad request: 400",
        .covers("RFC 6750 §2.1 syntax", "RFC 6750 §3.1 invalid-request"),
        arguments: [
            "Bearer", "Bearer ", "Bearer  ", "Bearer a b", "Bearer a,b", "Bearer \"a\"", "Bearer =",
            "Bearer a=b", "Bearer abc ", "Bearer a\tb", "Bearer a\r\nX: y", "Bearer é",
            "Bearer a\u{0}",
            "Bearer a, Bearer b",
        ]
    )
    func malformed(header: String) {
        let error = #expect(throws: AccessTokenError.self) {
            try BearerToken.extract(fromAuthorization: header)
        }
        #expect(error?.code == .invalidRequest)
        #expect(error?.status == 400)
    }
}
