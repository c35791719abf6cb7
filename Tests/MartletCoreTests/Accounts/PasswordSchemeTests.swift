import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Password hashes that were made elsewhere")
struct PasswordSchemeTests {
    /// A password and what others made of it: published test vectors of each scheme, and hashes
    /// that OpenSSL computed.
    struct Vector: Sendable, CustomTestStringConvertible {
        let password: String
        let hash: String

        init(_ password: String, _ hash: String) {
            self.password = password
            self.hash = hash
        }

        var testDescription: String { String(hash.prefix(24)) }
    }

    static let vectors = [
        // The reference implementation of Argon2, test.c; the first is of its version 1.0.
        Vector(
            "password",
            "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ"
        ),
        Vector(
            "password",
            "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA"
        ),
        Vector(
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        ),
        Vector(
            "password",
            "argon2$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
                + "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        ),
        // crypt_blowfish, wrapper.c, and jBCrypt.
        Vector("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        Vector("a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        Vector("a", "$2b$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        Vector("a", "$2y$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        // libxcrypt, and passlib's documentation.
        Vector(
            "pleaseletmein",
            "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D"
        ),
        Vector(
            "password",
            "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q"
                + "$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E"
        ),
        Vector(
            "correct horse",
            "scrypt$1024$seasalt$8$2$NAtGFLPds6xXQeOUFi2f7WDR2+o4Rx6gTvB6Q9yuQ+oB5wJTROWFM3S56Tcq5m4"
                + "SVCo9jPiLDxL+xd4YL+V6bQ=="
        ),
        Vector("correct horse", "pbkdf2_sha1$1000$salt$um5PLH8ivEcrRJVasTZXh8+vxX0="),
        Vector("correct horse", "$pbkdf2$1000$c2FsdA$um5PLH8ivEcrRJVasTZXh8.vxX0"),
        Vector(
            "correct horse",
            "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso="
        ),
        Vector(
            "correct horse",
            "$pbkdf2-sha256$1000$c2Vhc2FsdA$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso"
        ),
        Vector(
            "correct horse",
            "pbkdf2_sha512$1000$seasalt$CBx2rkpvjyEAoopNVuRZWOOxTTRwoV6JjrHARZAmWoRGf7Bll/+N6ttV/4gW"
                + "vtd16NJ94OpVpZHm44IdMrFULg=="
        ),
        Vector(
            "correct horse",
            "$pbkdf2-sha512$1000$c2Vhc2FsdA$CBx2rkpvjyEAoopNVuRZWOOxTTRwoV6JjrHARZAmWoRGf7Bll/.N6ttV"
                + "/4gWvtd16NJ94OpVpZHm44IdMrFULg"
        ),
    ]

    /// The cheapest of them.
    static let bcrypt = vectors[4]

    @Test("the right password is recognised, others are not", arguments: vectors)
    func verify(vector: Vector) throws {
        let hash = try PasswordHash(importing: vector.hash)
        let scheme = try PasswordScheme(hash.encoded)
        #expect(scheme.matches(Secret(vector.password)))
        #expect(!scheme.matches(Secret(vector.password + "x")))
        #expect(!scheme.matches(Secret("")))
        #expect(!scheme.matches(Secret("\0" + vector.password)))
    }

    @Test("of a bcrypt password 72 bytes count, as where the hash was made")
    func longPassword() throws {
        let long = String(repeating: "0123456789", count: 10)
        // crypt(3), of the whole text.
        let scheme = try PasswordScheme(
            "$2b$04$CCCCCCCCCCCCCCCCCCCCC.\(Self.longHash)"
        )
        #expect(scheme.matches(Secret(long)))
        #expect(scheme.matches(Secret(String(long.prefix(72)))))
        #expect(!scheme.matches(Secret(String(long.prefix(71)))))
        #expect(scheme.matches(Secret(long + String(repeating: "x", count: 900))))
    }

    private static let longHash = "FK1BvzBLAltNsbGCqDzcz8ivvVoPdea"

    @Test(
        "a hash that would take too much time or memory is refused at import",
        arguments: [
            "$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=65536,t=17,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=4294967295,t=4294967295,p=1$c29tZXNhbHQ"
                + "$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=65536,t=1,p=17$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$2b$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$7$H6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
            "$7$z6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
            "$7$Czzzzz/....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
            "$7$C6....zzzzzSodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
            "$scrypt$ln=19,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$scrypt$ln=63,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$scrypt$ln=1,r=4294967296,p=1$aM15713r3Xsvxbi31lqr1Q"
                + "$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$scrypt$ln=17,r=8,p=5$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "pbkdf2_sha256$3000001$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
            "pbkdf2_sha1$1500001$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
        ]
    )
    func costly(text: String) {
        #expect(throws: PasswordHash.tooCostly) { try PasswordHash(importing: text) }
    }

    @Test("what is as costly as common defaults is taken")
    func common() throws {
        for text in [
            // Django: Argon2, scrypt and PBKDF2 as of 6.0; the second recommendation of RFC 9106.
            "$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "pbkdf2_sha256$1200000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
            // OWASP's for scrypt and PBKDF2.
            "$scrypt$ln=17,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$pbkdf2$1300000$c2FsdA$um5PLH8ivEcrRJVasTZXh8.vxX0",
            "$2y$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ] {
            _ = try PasswordHash(importing: text)
        }
    }

    @Test(
        "what is no hash of a known scheme, or an unusual spelling of one, is refused",
        arguments: [
            "", "$", "$$", "$$$$$$$$", "sesame", "5f4dcc3b5aa765d61d8327deb882cf99",
            "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
            "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO W",
            "$argon2id$v=18$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$t=2,m=65536,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=065536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=65536,t=-2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Bi",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
            "argon2", "argon2$", "$7$", "$7$C6",
            "$7$C6..../....$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
            "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn",
            "$scrypt$ln=0,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$scrypt$ln=4,r=0,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "$scrypt$ln=99,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
            "scrypt$1000$seasalt$8$2$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
            "pbkdf2_md5$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
            "pbkdf2_sha256$0$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
            "pbkdf2_sha256$1000$$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
            "pbkdf2_sha256$1000$seasalt$mQnueSakb748",
            "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmsp=",
            "pbkdf2_sha256$1000$séasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
            "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=\n",
            String(repeating: "$", count: 600),
        ]
    )
    func unreadable(text: String) {
        #expect(throws: PasswordHash.unreadable) { try PasswordHash(importing: text) }
    }

    @Test("whatever is changed in a hash, it is refused or verifies to no")
    func mutations() throws {
        for vector in [Self.bcrypt, Self.vectors[11], Self.vectors[13]] {
            let bytes = Array(vector.hash.utf8)
            for index in bytes.indices {
                var mutated = bytes
                mutated[index] ^= 0x01
                let text = String(decoding: mutated, as: UTF8.self)
                guard let scheme = try? PasswordScheme(text) else { continue }
                #expect(!scheme.matches(Secret(vector.password)), "byte \(index)")
            }
        }
    }

    @Test("Martlet's own hash is not made again, a stronger one neither")
    func ours() async throws {
        let own = try await PasswordHasher().hash(
            Secret("sesame"),
            salt: [UInt8](repeating: 1, count: PasswordHasher.saltLength)
        )
        #expect(!own.isOutdated)
        _ = try PasswordHash(importing: own.encoded)
        #expect(!PasswordHash(encoded: Self.vectors[2].hash).isOutdated)
        for vector in [Self.vectors[0], Self.vectors[1]] + Self.vectors[4...] {
            #expect(PasswordHash(encoded: vector.hash).isOutdated)
        }
    }
}

@Suite("The first login after an import")
struct PasswordUpgradeTests {
    private let vector = PasswordSchemeTests.bcrypt

    private func world(loginAttempts: Int = 10) async throws -> TestAuthorizationServer {
        let world = try await TestAuthorizationServer(loginAttempts: loginAttempts)
        _ = try await world.server.importAccount(
            username: "ada",
            email: nil,
            passwordHash: try PasswordHash(importing: vector.hash)
        )
        return world
    }

    private func account(_ world: TestAuthorizationServer) async throws -> Stored<Account> {
        try await world.server.account(named: "ada")
    }

    @Test("it hashes the password anew, and the next one finds that")
    func upgrade() async throws {
        let world = try await world()
        let client = try await world.client()
        let before = try await account(world)
        _ = try await world.signIn(client, password: vector.password)
        let after = try await account(world)
        #expect(after.value.password.encoded.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(after.epoch == before.epoch)
        #expect(after.value.updatedAt == before.value.updatedAt)
        _ = try await world.signIn(client, password: vector.password)
        #expect(try await account(world).version == after.version)
    }

    @Test("nothing ends by it")
    func endsNothing() async throws {
        let world = try await world()
        let client = try await world.client()
        let token = try #require(
            try await world.signIn(client, password: vector.password).refresh
        )
        _ = try await world.refresh(token.token, as: client)
    }

    @Test("a wrong password changes nothing")
    func wrong() async throws {
        let world = try await world()
        let client = try await world.client()
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client) }
        #expect(try await account(world).value.password.encoded == vector.hash)
    }

    @Test("a limit of one attempt does not stand in its way")
    func oneAttempt() async throws {
        let world = try await world(loginAttempts: 1)
        let client = try await world.client()
        _ = try await world.signIn(client, password: vector.password)
    }

    @Test("a password that is changed while its old hash is replaced stays changed")
    func changedMeanwhile() async throws {
        let world = try await world()
        let client = try await world.client()
        let other = world.otherProcess
        world.storage.beforeNext(.save) {
            try? await other.setPassword(of: "ada", to: Secret("another"))
        }
        await #expect(throws: PasswordGrant.wrong) {
            try await world.signIn(client, password: vector.password)
        }
        _ = try await world.signIn(client, password: "another")
    }

    @Test("what the configuration file owns stays as the file says")
    func owned() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let described = FileOwnedAccount(
            username: "ada",
            email: nil,
            password: .hashed(try PasswordHash(importing: vector.hash)),
            access: .open
        )
        #expect(try await world.server.apply(described) == .created)
        _ = try await world.signIn(client, password: vector.password)
        #expect(try await account(world).value.password.encoded == vector.hash)
        #expect(try await world.server.apply(described) == .unchanged)
    }

    @Test("a hash that the file gives instead of another ends the sessions")
    func replacedInTheFile() async throws {
        let world = try await TestAuthorizationServer()
        func apply(_ password: FileOwnedAccount.Password) async throws -> Epoch? {
            _ = try await world.server.apply(
                FileOwnedAccount(username: "ada", email: nil, password: password, access: .open)
            )
            return try await account(world).epoch
        }
        let first = try await apply(.plain(Secret(vector.password)))
        let second = try await apply(.hashed(try PasswordHash(importing: vector.hash)))
        #expect(first != second)
        #expect(second?.reason == .passwordChanged)
        // The same password: its hash may stay.
        #expect(try await apply(.plain(Secret(vector.password))) == second)
    }
}
