import Testing

@testable import martlet

@Suite("What the configuration refuses")
struct ConfigurationRefusalTests {
    @Test(
        "an unknown key is named with its line and the nearest key",
        arguments: [
            ("\nisuer: x", "martlet.yaml:2: unknown key “isuer”; did you mean “issuer”?"),
            (
                "lifetimes:\n  acces_token: 5",
                "martlet.yaml:2: unknown key “lifetimes.acces_token”;"
                    + " did you mean “lifetimes.access_token”?"
            ),
            (
                "access_token: 5",
                "martlet.yaml:1: unknown key “access_token”; did you mean “lifetimes.access_token”?"
            ),
            (
                "login: {level: info}",
                "martlet.yaml:1: unknown key “login.level”; did you mean “log.level”?"
            ),
            (
                "refresh_token_polcy: {}",
                "martlet.yaml:1: unknown key “refresh_token_polcy”;"
                    + " did you mean “refresh_token_policy”?"
            ),
            ("listne: x", "martlet.yaml:1: unknown key “listne”; did you mean “listen”?"),
            (
                "metrics:\n  port: 9464",
                "martlet.yaml:2: unknown key “metrics.port”."
            ),
            ("zebra: 1", "martlet.yaml:1: unknown key “zebra”."),
            (
                "lifetimes.access_token: 1",
                "martlet.yaml:1: unknown key “lifetimes.access_token”;"
                    + " write it as access_token inside of lifetimes."
            ),
            ("\"\\e[2J\": 1", "martlet.yaml:1: unknown key “\\u{1B}[2J”."),
        ]
    )
    func unknownKey(text: String, sentence: String) throws {
        #expect(try ConfigurationFolder(text).refusal() == sentence)
    }

    @Test(
        "a value of the wrong kind or out of bounds is named with what is expected",
        arguments: [
            (
                "issuer: https://a.example\nlifetimes:\n  access_token: ten",
                "martlet.yaml:3: lifetimes.access_token must be a whole number of seconds from 1 to"
                    + " 86400, not “ten”."
            ),
            (
                "lifetimes: {access_token: \"600\"}",
                "martlet.yaml:1: lifetimes.access_token must be a whole number of seconds from 1 to"
                    + " 86400, not “600”."
            ),
            (
                "lifetimes: {access_token: 0}",
                "martlet.yaml:1: lifetimes.access_token must be a whole number of seconds from 1 to"
                    + " 86400, not “0”."
            ),
            (
                "lifetimes: {access_token: [1]}",
                "martlet.yaml:1: lifetimes.access_token must be a whole number of seconds from 1 to"
                    + " 86400, not a list."
            ),
            (
                "metrics: {listen: 9464}",
                "martlet.yaml:1: metrics.listen must be \(ListenAddress.expected), not “9464”."
            ),
            (
                "lifetimes: 600",
                "martlet.yaml:1: lifetimes must be a mapping of keys to values, not “600”."
            ),
            (
                "- issuer",
                "martlet.yaml:1: the file must be a mapping of keys to values, not a list."
            ),
            (
                "refresh_token_policy: {overlap: 61}",
                "martlet.yaml:1: refresh_token_policy.overlap must be a whole number of seconds from"
                    + " 0 to 60 or until_used, not “61”."
            ),
            (
                "refresh_token_policy: {overlap: -1}",
                "martlet.yaml:1: refresh_token_policy.overlap must be a whole number of seconds from"
                    + " 0 to 60 or until_used, not “-1”."
            ),
            (
                "refresh_token_policy: {rotation: none}",
                "martlet.yaml:1: refresh_token_policy.rotation must be rotating or static, not"
                    + " “none”."
            ),
            (
                "login: {attempts: 1.5}",
                "martlet.yaml:1: login.attempts must be a whole number from 1 to 1000, not “1.5”."
            ),
            (
                "login:\n  attempts:",
                "martlet.yaml:2: login.attempts must be a whole number from 1 to 1000, not nothing."
            ),
            (
                "listen: 8080",
                "martlet.yaml:1: listen must be an address and a port like 127.0.0.1:8080 or"
                    + " \"[::1]:8080\", not “8080”."
            ),
            (
                "log: {level: loud}",
                "martlet.yaml:1: log.level must be trace, debug, info, notice, warning, error or"
                    + " critical, not “loud”."
            ),
            (
                "clients:\n- {}\n- a",
                "martlet.yaml:3: clients must hold elements each of which is a mapping, not “a”."
            ),
        ]
    )
    func unfitValue(text: String, sentence: String) throws {
        #expect(try ConfigurationFolder(text).refusal() == sentence)
    }

    @Test(
        "a connection string that PostgreSQL cannot read is refused without repeating it",
        arguments: [
            "store: postgres://u:secret%zz@db/martlet", "store: postgresql://u:secret@[::1/martlet",
            "store: postgres://u:secret@db/martlet?nonsense=1",
        ]
    )
    func badConnectionString(text: String) throws {
        let sentence = try #require(try ConfigurationFolder(text).refusal())
        #expect(sentence.hasPrefix("martlet.yaml:1: "))
        #expect(sentence.contains("connection URI"))
        #expect(!sentence.contains("secret"))
    }

    @Test("a key that stands twice is refused, however it is quoted")
    func duplicates() throws {
        let sentence =
            "martlet.yaml:2: the key “listen” stands here and once more further down;"
            + " keep one of them."
        let text = "issuer: https://a.example\nlisten: 127.0.0.1:1\n\"listen\": 127.0.0.1:2"
        #expect(try ConfigurationFolder(text).refusal() == sentence)
        let inner = "clients:\n- {a: 1, a: 1}"
        #expect(try ConfigurationFolder(inner).refusal()?.hasPrefix("martlet.yaml:2: ") == true)
    }

    @Test(
        "YAML that can hide what it means is refused",
        arguments: [
            ("issuer: &a https://a.example", "martlet.yaml:1: anchors"),
            ("clients: [&a {client_id: x}, *a]", "martlet.yaml:1: anchors"),
            ("listen: *a", "martlet.yaml:1: "),
            ("issuer: https://a.example\nlisten: !!int 5", "martlet.yaml:2: tags"),
            ("clients:\n- !client {}", "martlet.yaml:2: tags"),
            ("? [a]\n: b", "martlet.yaml:1: a key is a word"),
            ("login: {attempts: 1}\n---\nlogin: {attempts: 2}", "martlet.yaml:2: "),
            ("a: [", "martlet.yaml:"),
            ("a: b: c", "martlet.yaml:1: this is not YAML"),
            ("listen: [::1]:80", "martlet.yaml:1: this is not YAML"),
            (String(repeating: "[", count: 5000), "martlet.yaml:"),
        ]
    )
    func indirectYAML(text: String, start: String) throws {
        #expect(try ConfigurationFolder(text).refusal()?.hasPrefix(start) == true)
    }

    @Test("a value nested deeper than a reader follows is refused")
    func depth() throws {
        let text =
            "clients: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        let sentence = try ConfigurationFolder(text).refusal()
        #expect(sentence == "martlet.yaml:1: lists and mappings are nested too deep here.")
    }

    @Test("a file that is missing, too large, no file or not UTF-8 is refused with the reason")
    func unreadable() throws {
        let folder = try ConfigurationFolder(String(repeating: "#", count: (1 << 20) + 1))
        #expect(
            folder.refusal()
                == "martlet.yaml cannot be read: it is larger than 1048576 bytes."
        )
        #expect(
            folder.refusal(environment: ["MARTLET_CONFIG": "b.yaml"])
                == "b.yaml cannot be read: No such file or directory."
        )
        #expect(
            folder.refusal(environment: ["MARTLET_CONFIG": folder.path])
                == "\(folder.path) cannot be read: it is not a regular file."
        )
        #expect(
            folder.refusal(environment: ["MARTLET_CONFIG": ""])
                == "MARTLET_CONFIG names no file; leave it out, or name one."
        )
        try folder.write(bytes: [0x61, 0x3A, 0xFF], to: "c.yaml")
        #expect(
            folder.refusal(environment: ["MARTLET_CONFIG": "c.yaml"])
                == "c.yaml is not text in UTF-8."
        )
    }

    @Test("a variable is refused by its own name")
    func variables() throws {
        let folder = try ConfigurationFolder()
        #expect(
            folder.refusal(environment: ["MARTLET_ISUER": "https://a.example"])
                == "unknown environment variable “MARTLET_ISUER”; did you mean “MARTLET_ISSUER”?"
        )
        #expect(
            folder.refusal(environment: ["MARTLET_LIFETIMES_ACCESS_TOKEN": "soon"])
                == "MARTLET_LIFETIMES_ACCESS_TOKEN: lifetimes.access_token must be a whole number of"
                + " seconds from 1 to 86400, not “soon”."
        )
        #expect(
            folder.refusal(environment: ["MARTLET_CLIENTS": "[{]"])
                == "MARTLET_CLIENTS: clients is given as JSON here, and this is none"
                + " (from byte 2 on): A member's name is expected."
        )
        #expect(
            folder.refusal(environment: ["MARTLET_STORE": ""])
                == "MARTLET_STORE: store must be sqlite:PATH or postgres://…, not nothing."
        )
        #expect(
            folder.refusal(environment: ["MARTLET_TLS_KEY": "key.pem"])
                == "MARTLET_TLS_KEY: tls.key needs the file with its certificate chain too:"
                + " tls.certificate."
        )
    }

    @Test("a master key that was written into the file is not repeated on the terminal")
    func keyInPlaceOfItsPlace() throws {
        let text = "master_key: 3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        #expect(
            try ConfigurationFolder(text).refusal()
                == "martlet.yaml:1: master_key must be file:PATH or env:NAME, and never the key"
                + " itself."
        )
    }
}
