/// Which modules each target may import. Imports point one way: executable, server and storage,
/// core, protocol. Whoever needs a new arrow changes this table and ARCHITECTURE.md in one commit.
enum ImportPlan {
    static let allowed: [String: Set<String>] = [
        "MartletProtocol": ["Crypto", "CryptoExtras", "FoundationEssentials", "Synchronization"],
        "MartletCore": [
            "CArgon2", "CCrypt", "Crypto", "CryptoExtras", "Dispatch", "FoundationEssentials",
            "MartletProtocol", "Synchronization",
        ],
        "MartletSQLite": [
            "Dispatch", "Foundation", "GRDB", "GRDBSQLite", "MartletCore", "MartletProtocol",
            "Synchronization",
        ],
        "MartletPostgres": [
            "CPostgreSQL", "Dispatch", "Foundation", "MartletCore", "MartletProtocol",
            "Synchronization",
        ],
        "MartletServer": [
            "AsyncHTTPClient", "CMalloc", "CoreMetrics", "Crypto", "FoundationEssentials",
            "HTTPTypes",
            "Hummingbird",
            "HummingbirdCore", "Logging",
            "MartletCore", "MartletProtocol", "Mustache", "NIOCore", "NIOHTTP1", "NIOHTTP2",
            "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOHTTPTypesHTTP2", "NIOPosix", "NIOSSL",
            "NIOTLS",
            "ServiceLifecycle", "Synchronization",
        ],
        // HTTP by AsyncHTTPClient on Linux; Foundation is URLSession on Apple's platforms.
        "MartletTransport": [
            "AsyncHTTPClient", "FoundationEssentials", "HTTPTypes", "MartletProtocol", "NIOCore",
            "NIOHTTP1", "Synchronization",
        ],
        "MartletClient": [
            "Crypto", "Dispatch", "FoundationEssentials", "HTTPTypes", "MartletProtocol",
            "MartletTransport", "Security", "Synchronization",
        ],
        "MartletResourceServer": [
            "Crypto", "FoundationEssentials", "HTTPTypes", "MartletProtocol", "MartletTransport",
            "Synchronization",
        ],
        "MartletHummingbird": [
            "HTTPTypes", "Hummingbird", "Logging", "MartletProtocol", "MartletResourceServer",
        ],
        "MartletTesting": ["Foundation", "MartletCore", "MartletProtocol", "Synchronization"],
        "MartletBench": [
            "ArgumentParser", "Crypto", "Foundation", "GRDBSQLite", "MartletCore",
            "MartletPostgres", "MartletProtocol", "MartletResourceServer", "MartletSQLite",
            "MartletTesting", "NIOCore", "NIOHTTP1", "NIOPosix", "Synchronization",
        ],
        "martlet": [
            "ArgumentParser", "Foundation", "FoundationEssentials", "HTTPTypes", "Hummingbird",
            "Logging", "MartletCore", "MartletPostgres", "MartletProtocol", "MartletResourceServer",
            "MartletSQLite",
            "MartletServer", "NIOCore", "ServiceLifecycle", "Synchronization", "UnixSignals",
            "Yams",
        ],
    ]

    /// The C library may be had anywhere, for the calls that Swift has no words for.
    static let systemLibraries: Set<String> = ["Glibc", "Musl", "Darwin"]

    /// Targets that hold C declarations only.
    static let withoutSwift: Set<String> = ["CArgon2", "CCrypt", "CMalloc", "CPostgreSQL"]

    static func findings(in file: SourceFile, named target: String) -> [Finding] {
        guard let allowed = allowed[target] else {
            let advice = "target \(target) is not in the import plan: add a row to ImportPlan"
            return [Finding(path: file.path, line: 1, advice: advice)]
        }
        let lines = SwiftText(file.text).codeLines
        return imports(in: file).compactMap { line, module in
            // Apple's platforms have no FoundationEssentials: the other branch of `canImport`.
            if module == "Foundation", line >= 2,
                lines[line - 2].hasSuffix("#else")
            {
                return nil
            }
            guard !allowed.contains(module), !systemLibraries.contains(module) else { return nil }
            return Finding(path: file.path, line: line, advice: advice(on: module, in: target))
        }
    }

    private static func advice(on module: String, in target: String) -> String {
        if module == "Foundation" {
            return "\(target) does without full Foundation: import FoundationEssentials, or less"
        }
        return
            "\(target) may not import \(module): move the code, or change ImportPlan with a reason"
    }

    /// `(line, module)` of each import, whatever stands around it: attributes, an access level, a
    /// kind (`import struct X.Y`), a submodule.
    static func imports(in file: SourceFile) -> [(line: Int, module: String)] {
        SwiftText(file.text).codeLines.enumerated().compactMap { index, line in
            module(importedBy: line).map { (index + 1, $0) }
        }
    }

    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
    ]
    private static let levels: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private",
    ]

    static func module(importedBy line: String) -> String? {
        var words = line.split(whereSeparator: { " \t;".contains($0) })[...]
        while let word = words.first, word.hasPrefix("@") || levels.contains(word) {
            words.removeFirst()
        }
        guard words.popFirst() == "import" else { return nil }
        if let kind = words.first, kinds.contains(kind) { words.removeFirst() }
        return words.first?.split(separator: ".").first.map(String.init)
    }
}
