package import Foundation

/// The real `martlet serve` in a process of its own, on a free port of loopback and a folder that is
/// thrown away: what a test starts, kills and starts again.
package final class ServerProcess {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How long a server may take to answer after its start; a debug build on a busy machine.
    static let startAttempts = 400
    static let startInterval: TimeInterval = 0.05

    /// What the store's file is called.
    package static let storeName = "martlet.db"

    package let folder: URL
    package let storePath: String
    package let port: Int
    private let environment: [String: String]
    private let openFiles: Int?
    private var process: Process?

    package var url: String { "http://127.0.0.1:\(port)" }
    package var issuer: String { "http://localhost:\(port)" }
    package var configurationPath: String { folder.appending(path: "martlet.yaml").path }
    package var processID: Int32? { process?.processIdentifier }

    /// - Parameters:
    ///   - configuration: what `martlet.yaml` has beside issuer, listen and store.
    ///   - environment: more variables for the process.
    ///   - storeFolder: where the store is kept, if not beside the configuration.
    ///   - store: what the configuration says of the store, if it is no SQLite file.
    ///   - masterKey: what `martlet.key` holds; without it the server makes one if it may.
    ///   - openFiles: how many files it may have open unless it asks for more.
    package init(
        configuration: String,
        environment: [String: String] = [:],
        storeFolder: URL? = nil,
        store: String? = nil,
        masterKey: String? = nil,
        openFiles: Int? = nil
    ) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        storePath = (storeFolder ?? folder).appending(path: Self.storeName).path
        port = try Self.freePort()
        self.environment = environment
        self.openFiles = openFiles
        let file = """
            issuer: \(issuer)
            listen: 127.0.0.1:\(port)
            store: "\(store ?? "sqlite:\(storePath)")"
            master_key: file:martlet.key
            \(configuration)
            """
        try file.write(toFile: configurationPath, atomically: true, encoding: .utf8)
        guard let masterKey else { return }
        let made = FileManager.default.createFile(
            atPath: folder.appending(path: "martlet.key").path,
            contents: Data("\(masterKey)\n".utf8),
            attributes: [.posixPermissions: 0o600]
        )
        guard made else { throw Failure(description: "the master key cannot be written") }
    }

    deinit {
        if let process, process.isRunning { kill() }
        try? FileManager.default.removeItem(at: folder)
    }

    /// The binary that was built with the tests.
    package static var binary: URL {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appending(path: "martlet")
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                return candidate
            }
            folder.deleteLastPathComponent()
        }
        return URL(fileURLWithPath: ".build/debug/martlet")
    }

    /// Starts the server and returns once it answers.
    package func start() async throws {
        let process = Process()
        let arguments = ["serve", "--config", configurationPath]
        if let openFiles {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments =
                ["-c", #"ulimit -S -n "$0" && exec "$@""#, "\(openFiles)", Self.binary.path]
                + arguments
        } else {
            process.executableURL = Self.binary
            process.arguments = arguments
        }
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("MARTLET_") }
            .merging(environment) { $1 }
        let log = folder.appending(path: "server.log")
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let output = try FileHandle(forWritingTo: log)
        try output.seekToEnd()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        self.process = process
        for _ in 0..<Self.startAttempts {
            if Self.isListening(on: port) { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .seconds(Self.startInterval))
        }
        throw Failure(description: "the server did not start: \(try self.log())")
    }

    /// What the server printed.
    package func log() throws -> String {
        String(
            decoding: try Data(contentsOf: folder.appending(path: "server.log")),
            as: UTF8.self
        )
    }

    /// Ends the server as a power cut would, as far as a process can be: `kill -9`.
    package func kill() {
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Waits for a server that ends by itself; `false` if it does not.
    package func ends(within patience: Duration) async throws -> Bool {
        guard let process else { return true }
        let end = ContinuousClock.now + patience
        while process.isRunning {
            guard ContinuousClock.now < end else { return false }
            try await Task.sleep(for: .milliseconds(2))
        }
        process.waitUntilExit()
        self.process = nil
        return true
    }

    /// Asks the server to stop and waits until it has.
    package func stop() {
        guard let process else { return }
        process.terminate()
        process.waitUntilExit()
        self.process = nil
    }

    /// Whether somebody accepts connections on a port of loopback.
    package static func isListening(on port: Int) -> Bool {
        guard let socket = connection(to: port) else { return false }
        close(socket)
        return true
    }

    /// A plain connection to the server; whoever asked for it closes it.
    package func connect() throws -> Int32 {
        guard let socket = Self.connection(to: port) else {
            throw Failure(description: "the server takes no connection")
        }
        return socket
    }

    private static func connection(to port: Int) -> Int32? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: port)
        let isConnected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return socket }
        close(socket)
        return nil
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }

    /// A port of loopback that nobody listens on at this moment.
    package static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard bound else { throw Failure(description: "there is no free port") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }
}
