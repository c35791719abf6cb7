// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is compiled with: Swift 6 mode, warnings are errors, and imports that
/// say what they are.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "martlet", targets: ["martlet"]),
        .library(name: "MartletClient", targets: ["MartletClient"]),
        .library(name: "MartletHummingbird", targets: ["MartletHummingbird"]),
        .library(name: "MartletProtocol", targets: ["MartletProtocol"]),
        .library(name: "MartletResourceServer", targets: ["MartletResourceServer"]),
        .library(name: "MartletTransport", targets: ["MartletTransport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle",
            from: "2.13.0"
        ),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        .systemLibrary(
            name: "CArgon2",
            pkgConfig: "libargon2",
            providers: [.apt(["libargon2-dev"])]
        ),
        .systemLibrary(
            name: "CCrypt",
            pkgConfig: "libcrypt",
            providers: [.apt(["libcrypt-dev"])]
        ),
        .systemLibrary(
            name: "CPostgreSQL",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]
        ),

        .systemLibrary(name: "CMalloc"),

        .target(
            name: "MartletProtocol",
            dependencies: [crypto, cryptoExtras],
            swiftSettings: strict
        ),
        .target(
            name: "MartletCore",
            dependencies: ["MartletProtocol", "CArgon2", "CCrypt", crypto, cryptoExtras],
            swiftSettings: strict
        ),
        .target(
            name: "MartletSQLite",
            dependencies: [
                "MartletCore", "MartletProtocol", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "MartletPostgres",
            dependencies: ["CPostgreSQL", "MartletCore", "MartletProtocol"],
            swiftSettings: strict
        ),
        .target(
            name: "MartletServer",
            dependencies: [
                "MartletCore", "MartletProtocol", "CMalloc", crypto, hummingbird, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Pages/Resources")],
            swiftSettings: strict
        ),
        .target(
            name: "MartletTransport",
            dependencies: [
                "MartletProtocol",
                // Apple's platforms have URLSession.
                .product(
                    name: "AsyncHTTPClient",
                    package: "async-http-client",
                    condition: .when(platforms: [.linux])
                ),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(
                    name: "NIOCore",
                    package: "swift-nio",
                    condition: .when(platforms: [.linux])
                ),
                .product(
                    name: "NIOHTTP1",
                    package: "swift-nio",
                    condition: .when(platforms: [.linux])
                ),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "MartletClient",
            dependencies: [
                "MartletProtocol", "MartletTransport", crypto,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "MartletResourceServer",
            dependencies: [
                "MartletProtocol", "MartletTransport", crypto,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "MartletHummingbird",
            dependencies: [
                "MartletProtocol", "MartletResourceServer", hummingbird, logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "MartletTesting",
            dependencies: ["MartletCore", "MartletProtocol"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "martlet",
            dependencies: [
                "MartletCore", "MartletPostgres", "MartletProtocol", "MartletResourceServer",
                "MartletServer", "MartletSQLite", "Yams", hummingbird, logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Demo/Resources")],
            swiftSettings: strict
        ),
        // What `scripts/bench` runs; no product, so nobody gets it who builds a product.
        .executableTarget(
            name: "MartletBench",
            dependencies: [
                "MartletCore", "MartletPostgres", "MartletProtocol", "MartletResourceServer",
                "MartletSQLite", "MartletTesting", crypto,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),

        // Shown in MartletClient's pages, and compiled so that it is true.
        .executableTarget(
            name: "notes-cli",
            dependencies: [
                "MartletClient", "MartletProtocol", "MartletTransport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            path: "examples/notes-cli",
            swiftSettings: strict
        ),
        // Shown in MartletHummingbird's pages.
        .executableTarget(
            name: "notes-api",
            dependencies: [
                "MartletHummingbird", "MartletProtocol", "MartletResourceServer", hummingbird,
            ],
            path: "examples/notes-api",
            swiftSettings: strict
        ),

        .testTarget(
            name: "Crash",
            dependencies: [
                "martlet", "MartletProtocol", "MartletServer", "MartletTesting",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            exclude: ["faulty_disk.c"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "Fuzz",
            dependencies: [
                "martlet", "MartletCore", "MartletProtocol", "MartletServer", crypto, hummingbird,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            // The fuzzer's entry is compiled by scripts/fuzz.
            exclude: ["Corpus", "Dictionaries", "LibFuzzer.swift"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "Interop",
            dependencies: [
                "martlet", "MartletProtocol", "MartletTesting", "notes-api", "notes-cli",
            ],
            exclude: ["clients"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MartletBenchTests",
            dependencies: ["MartletBench"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MartletClientTests",
            dependencies: [
                "MartletClient", "MartletProtocol", "MartletTransport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MartletCoreTests",
            dependencies: ["MartletCore", "MartletProtocol", "MartletTesting", crypto],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MartletProtocolTests",
            dependencies: [
                "MartletProtocol", crypto, .product(name: "JWTKit", package: "jwt-kit"),
            ],
            exclude: ["JOSE/joserfc_oracle.py"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MartletResourceServerTests",
            dependencies: [
                "MartletResourceServer", "MartletProtocol", "MartletTransport", crypto,
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MartletHummingbirdTests",
            dependencies: [
                "MartletHummingbird", "MartletProtocol", "MartletResourceServer",
                "MartletTransport", hummingbird,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MartletServerTests",
            dependencies: [
                "MartletClient", "MartletHummingbird", "MartletServer", "MartletCore",
                "MartletProtocol", "MartletResourceServer", "MartletTesting", "MartletTransport",
                hummingbird, logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "martletTests",
            dependencies: [
                "martlet", "MartletCore", "MartletProtocol", "MartletServer", "MartletSQLite",
                "MartletTesting", logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "MartletTidyTests", swiftSettings: strict),
        .testTarget(
            name: "MartletStorageTests",
            dependencies: [
                "MartletCore", "MartletPostgres", "MartletProtocol", "MartletSQLite",
                "MartletTesting",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
