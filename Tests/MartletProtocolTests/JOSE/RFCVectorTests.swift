import MartletProtocol
import Testing

/// The examples that the RFCs print, as other implementations use them too.
@Suite("Examples of the RFCs")
struct RFCVectorTests {
    static let payload = """
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0\
        cnVlfQ
        """

    @Test("RFC 7515 A.3: the ES256 example verifies, and not once a byte is changed")
    func es256() throws {
        let key = try JSONWebKey(json: [
            "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        ])
        let signature = """
            DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
            """
        let token = "eyJhbGciOiJFUzI1NiJ9.\(Self.payload).\(signature)"
        try checkExample(token, algorithm: .es256, key: key)
    }

    @Test("RFC 7515 A.2: the RS256 example verifies, and not once a byte is changed")
    func rs256() throws {
        let key = try JSONWebKey(json: [
            "kty": "RSA", "e": "AQAB",
            "n": """
            ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt\
            0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX\
            ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5\
            IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ
            """,
        ])
        let signature = """
            cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2\
            Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjt\
            QBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6\
            IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw
            """
        let token = "eyJhbGciOiJSUzI1NiJ9.\(Self.payload).\(signature)"
        try checkExample(token, algorithm: .rs256, key: key)
    }

    private func checkExample(
        _ token: String,
        algorithm: SignatureAlgorithm,
        key: JSONWebKey
    ) throws {
        let signed = try JSONWebSignature.parse(token)
        #expect(signed.header.algorithm == algorithm)
        #expect(signed.header.keyID == nil)
        #expect(try JSONValue(parsing: signed.payload)["iss"] == "joe")
        try signed.verify(with: key)
        let altered = try JSONWebSignature.parse(token.replacing("eyJpc3Mi", with: "eyJpc3Nj"))
        let error = #expect(throws: JOSEError.self) { try altered.verify(with: key) }
        #expect(error?.code == .invalidSignature)
    }

    @Test("RFC 8037 A.4 and A.5: the Ed25519 example is verified")
    func edDSA() throws {
        let key = try JSONWebKey(json: [
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        ])
        let signed = try JSONWebSignature.parse(
            """
            eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PG\
            cvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg
            """
        )
        #expect(signed.payload == Array("Example of Ed25519 signing".utf8))
        try signed.verify(with: key)
    }

    @Test("RFC 8037 A.1: the private key has the public key of the example")
    func edDSAKey() throws {
        let secret = try #require(Base64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        let key = try SigningKey(algorithm: .edDSA, rawRepresentation: secret)
        #expect(key.keyID == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        var writer = JSONWriter()
        key.publicKey.write(to: &writer)
        let json = try JSONValue(parsing: writer.bytes)
        #expect(json["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    }

    @Test("RFC 7638 §3.1 and RFC 8037 A.3: thumbprints are those of the examples")
    func thumbprints() throws {
        let rsa = try JSONWebKey(json: [
            "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
            "n": """
            0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B\
            JECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F\
            DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4\
            vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw
            """,
        ])
        #expect(rsa.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        #expect(rsa.keyID == "2011-04-29")
        let okp = try JSONWebKey(json: [
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        ])
        #expect(okp.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }
}
