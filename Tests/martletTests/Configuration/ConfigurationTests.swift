import Logging
import MartletCore
import MartletProtocol
import Testing

@testable import martlet

@Suite("The configuration")
struct ConfigurationTests {
    @Test("without a file and a variable, every key has its default")
    func defaults() throws {
        let folder = try ConfigurationFolder()
        let configuration = try folder.load()
        #expect(configuration.issuer.text == "http://localhost:8080")
        #expect(configuration.listen == ListenAddress("127.0.0.1:8080"))
        #expect(configuration.store == .sqlite(path: "\(folder.path)/martlet.db"))
        #expect(configuration.masterKey.location == .file(path: "\(folder.path)/martlet.key"))
        #expect(configuration.previousMasterKeys.isEmpty)
        #expect(configuration.lifetimes.authorizationCode == .seconds(60))
        #expect(configuration.lifetimes.accessToken == .minutes(10))
        #expect(configuration.lifetimes.pushedRequest == .seconds(60))
        #expect(configuration.lifetimes.deviceCode == .seconds(600))
        #expect(configuration.lifetimes.deviceInterval == .seconds(5))
        #expect(configuration.lifetimes.sessionIdle == .days(1))
        #expect(configuration.lifetimes.sessionAbsolute == .days(14))
        #expect(configuration.refreshTokenPolicy == .standard)
        #expect(configuration.loginAttempts == 10)
        #expect(configuration.logLevel == .info)
        #expect(configuration.metricsListen == nil)
        #expect(configuration.clients.isEmpty)
    }

    @Test("the sample with every key is accepted, key by key")
    func sample() throws {
        let folder = try ConfigurationFolder(
            """
            issuer: https://login.example.com          # http only on loopback
            listen: 127.0.0.1:8081
            store: sqlite:data/martlet.db
            master_key: env:KEY
            previous_master_keys: [file:before.key, "env:BEFORE"]
            lifetimes: {authorization_code: 61, access_token: 601, pushed_request: 62, device_code: 602, device_interval: 6,
                        session_idle: 86401, session_absolute: 1209601}          # seconds
            refresh_token_policy: {rotation: static, overlap: 7, idle_lifetime: 1296001, absolute_lifetime: 2592001, max_sessions: 201}
            login: {attempts: 11}
            registration: {mode: token}
            trusted_proxies: []
            log: {level: debug}
            metrics: {listen: "[::1]:9464"}
            clients: []
            users: []
            resources: []
            """
        )
        let configuration = try folder.load()
        #expect(configuration.issuer.text == "https://login.example.com")
        #expect(configuration.listen.port == 8081)
        #expect(configuration.store == .sqlite(path: "\(folder.path)/data/martlet.db"))
        #expect(configuration.masterKey.location == .environment(name: "KEY"))
        #expect(
            configuration.previousMasterKeys.map(\.location) == [
                .file(path: "\(folder.path)/before.key"), .environment(name: "BEFORE"),
            ]
        )
        let lifetimes = configuration.lifetimes
        #expect(
            [
                lifetimes.authorizationCode, lifetimes.accessToken, lifetimes.pushedRequest,
                lifetimes.deviceCode, lifetimes.deviceInterval, lifetimes.sessionIdle,
                lifetimes.sessionAbsolute,
            ].map(\.wholeSeconds) == [61, 601, 62, 602, 6, 86401, 1_209_601]
        )
        let policy = RotationPolicy(
            rotation: .static,
            overlap: .seconds(7),
            idleLifetime: .seconds(1_296_001),
            absoluteLifetime: .seconds(2_592_001),
            maxSessions: 201
        )
        #expect(configuration.refreshTokenPolicy == policy)
        #expect(configuration.loginAttempts == 11)
        #expect(configuration.metricsListen == ListenAddress("[::1]:9464"))
        #expect(configuration.registration == .token)
        #expect(configuration.logLevel == .debug)
    }

    @Test("JSON is accepted, being YAML")
    func json() throws {
        let folder = try ConfigurationFolder(
            """
            {
              "issuer": "https://login.example.com",
              "lifetimes": { "access_token": 300 },
              "refresh_token_policy": { "overlap": "until_used" }
            }
            """
        )
        let configuration = try folder.load()
        #expect(configuration.issuer.host == "login.example.com")
        #expect(configuration.lifetimes.accessToken == .seconds(300))
        #expect(configuration.refreshTokenPolicy.overlap == .untilUsed)
    }

    @Test(
        "a file or a section in which nothing stands changes nothing",
        arguments: [
            "", "# nothing\n", "lifetimes:\n  # access_token: 1\nclients:\n", "{}", "---\n",
        ]
    )
    func nothing(text: String) throws {
        let configuration = try ConfigurationFolder(text).load()
        #expect(configuration.lifetimes.accessToken == .minutes(10))
        #expect(configuration.clients.isEmpty)
    }

    @Test("a flag wins over the environment, and the environment over the file")
    func precedence() throws {
        let folder = try ConfigurationFolder(
            "lifetimes: {access_token: 1, device_code: 31, authorization_code: 3}\n"
        )
        let configuration = try folder.load(
            environment: [
                "MARTLET_LIFETIMES_ACCESS_TOKEN": "4", "MARTLET_LIFETIMES_DEVICE_CODE": "35",
            ],
            flags: [
                .init(name: "--access-token-lifetime", key: "lifetimes.access_token", value: "6")
            ]
        )
        #expect(configuration.lifetimes.accessToken == .seconds(6))
        #expect(configuration.lifetimes.deviceCode == .seconds(35))
        #expect(configuration.lifetimes.authorizationCode == .seconds(3))
    }

    @Test("--config wins over MARTLET_CONFIG, and that over martlet.yaml")
    func files() throws {
        let folder = try ConfigurationFolder("login: {attempts: 1}")
        try folder.write("login: {attempts: 2}", to: "two.yaml")
        try folder.write("login: {attempts: 3}", to: "three.yaml")
        let environment = ["MARTLET_CONFIG": "two.yaml"]
        #expect(try folder.load().loginAttempts == 1)
        #expect(try folder.load(environment: environment).loginAttempts == 2)
        #expect(try folder.load(file: "three.yaml", environment: environment).loginAttempts == 3)
    }

    @Test("a relative path counts from the file; in the environment, from the working directory")
    func relativePaths() throws {
        let here = try ConfigurationFolder()
        let there = try ConfigurationFolder("store: sqlite:a.db")
        let file = "\(there.path)/martlet.yaml"
        let configuration = try here.load(file: file)
        #expect(configuration.store == .sqlite(path: "\(there.path)/a.db"))
        // The default counts as if it stood in the file.
        #expect(configuration.masterKey.location == .file(path: "\(there.path)/martlet.key"))
        let other = try here.load(
            file: file,
            environment: ["MARTLET_STORE": "sqlite:b.db", "MARTLET_MASTER_KEY": "file:/k"]
        )
        #expect(other.store == .sqlite(path: "\(here.path)/b.db"))
        #expect(other.masterKey.location == .file(path: "/k"))
    }

    @Test("each client, user and resource is kept with its line, as JSON would hold it")
    func entries() throws {
        let folder = try ConfigurationFolder(
            """
            clients:
              - client_id: photos
                client_name: "007"
                number: 007
                redirect_uris: [https://photos.example.com/callback]
                refresh_token_policy: {overlap: 10}
                skip_consent: true
                mode: off
                contacts: null
                ratio: -1.5
              - {client_id: other}
            users:
            - username: ada
            """
        )
        let configuration = try folder.load()
        #expect(configuration.clients.map(\.place.name) == ["martlet.yaml:2", "martlet.yaml:11"])
        let first: JSONValue = [
            "client_id": "photos", "client_name": "007", "number": "007",
            "redirect_uris": ["https://photos.example.com/callback"],
            "refresh_token_policy": ["overlap": 10], "skip_consent": true, "mode": "off",
            "contacts": .null, "ratio": -1.5,
        ]
        #expect(configuration.clients.first?.value == first)
        #expect(configuration.users.map(\.value) == [["username": "ada"]])
    }

    @Test("a list can come from the environment, as JSON")
    func listInEnvironment() throws {
        let folder = try ConfigurationFolder()
        let configuration = try folder.load(
            environment: [
                "MARTLET_CLIENTS": #"[{"client_id": "a", "skip_consent": false, "n": "1"}]"#,
                "MARTLET_PREVIOUS_MASTER_KEYS": #"["file:before.key"]"#,
                "MARTLET_TRUSTED_PROXIES": "[]",
            ]
        )
        #expect(configuration.clients.map(\.place.name) == ["MARTLET_CLIENTS"])
        let client: JSONValue = ["client_id": "a", "skip_consent": false, "n": "1"]
        #expect(configuration.clients.map(\.value) == [client])
        #expect(
            configuration.previousMasterKeys.map(\.location) == [
                .file(path: "\(folder.path)/before.key")
            ]
        )
    }

    @Test("every key with a scalar value can come from the environment")
    func environmentNames() throws {
        for setting in ConfigurationTable.all where setting.inEnvironment == .asIs {
            let folder = try ConfigurationFolder()
            #expect(folder.refusal(environment: [setting.environmentName: setting.standard]) == nil)
            let sentence = folder.refusal(environment: [setting.environmentName: "\u{1}"])
            #expect(sentence?.hasPrefix("\(setting.environmentName): \(setting.key) ") == true)
        }
    }

    @Test("the variables that Kubernetes sets, and one that holds a key, are left alone")
    func foreignVariables() throws {
        let folder = try ConfigurationFolder("master_key: env:MARTLET_THE_KEY")
        let environment = [
            "MARTLET_SERVICE_HOST": "10.0.0.1", "MARTLET_SERVICE_PORT": "80",
            "MARTLET_SERVICE_PORT_HTTP": "80", "MARTLET_PORT": "tcp://10.0.0.1:80",
            "MARTLET_PORT_80_TCP": "tcp://10.0.0.1:80", "MARTLET_PORT_80_TCP_ADDR": "10.0.0.1",
            "MARTLET_PORT_80_TCP_PROTO": "tcp", "MARTLET_THE_KEY": "x", "PATH": "/bin",
        ]
        #expect(folder.refusal(environment: environment) == nil)
    }
}
