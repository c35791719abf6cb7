package import Foundation
import Synchronization

/// A PostgreSQL server of a test's own, on a free port of loopback and a folder that is thrown away.
///
/// It ends with this process, however that ends: a shell beside it waits for a pipe to close. The
/// server refuses to be root, so it is nobody then.
package final class PostgresServer: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How the server's files are synced.
    package enum Durability: Sendable {
        /// Survives the end of its processes, which is all that most tests have for it.
        case processes
        /// Survives the end of the machine: for measurements.
        case machine
    }

    /// A server may take so long to answer after its start, on a busy machine.
    private static let startAttempts = 600
    private static let startInterval: Duration = .milliseconds(50)

    package let folder: URL
    package let port: Int
    private let programs: URL
    private let durability: Durability
    private let settings: [String]
    private let prefix: [String]
    private let running = RunningServer()

    /// Makes the files of a new server.
    ///
    /// - Parameters:
    ///   - settings: more of them, as `name=value`.
    ///   - prefix: a program that starts it: `taskset` with its arguments.
    package init(
        _ durability: Durability = .processes,
        settings: [String] = [],
        prefix: [String] = [],
        in parent: URL = FileManager.default.temporaryDirectory
    ) throws {
        programs = try Self.findPrograms()
        self.durability = durability
        self.settings = settings
        self.prefix = prefix
        folder = try Self.makeFolder(in: parent)
        port = try ServerProcess.freePort()
        try Self.run(
            Self.unprivileged(program("initdb")) + [
                "--pgdata", data, "--auth", "trust", "--username", Self.user, "--no-sync",
                "--encoding", "UTF8", "--locale", "C",
            ]
        )
    }

    /// Copies the files of a running server; the new one follows it until it is promoted.
    ///
    /// - Parameter settings: more of them, as `name=value`; none of the other's are taken over.
    package init(standbyOf primary: PostgresServer, settings: [String] = []) throws {
        programs = primary.programs
        durability = primary.durability
        self.settings = settings
        prefix = []
        folder = try Self.makeFolder(in: primary.folder.deletingLastPathComponent())
        port = try ServerProcess.freePort()
        try Self.run(
            Self.unprivileged(program("pg_basebackup")) + [
                "--pgdata", data, "--dbname",
                "host=127.0.0.1 port=\(primary.port) user=\(Self.user)", "--write-recovery-conf",
                "--checkpoint", "fast", "--no-sync",
            ]
        )
    }

    /// A folder that the server may write in, whoever it runs as.
    private static func makeFolder(in parent: URL) throws -> URL {
        let folder = parent.appending(path: "martlet-postgres-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        if getuid() == 0, let nobody = Self.nobody {
            chown(folder.path, nobody.user, nobody.group)
        }
        return folder
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    package static let user = "martlet"
    private var data: String { folder.appending(path: "data").path }
    private func program(_ name: String) -> String { programs.appending(path: name).path }

    /// The connection string of a database, or of one schema of it.
    package func url(schema: String? = nil, application: String? = nil) -> String {
        let options = [
            schema.map { "options=-csearch_path%3D\($0)" },
            application.map { "application_name=\($0)" },
        ].compactMap(\.self)
        return Self.url(of: [self])
            + (options.isEmpty ? "" : "?" + options.joined(separator: "&"))
    }

    /// The connection string of whichever of these takes writes.
    package static func url(of servers: [PostgresServer]) -> String {
        let hosts = servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        return "postgres://\(user)@\(hosts)/postgres"
    }

    // MARK: Starting and stopping

    /// Starts it and returns once it answers.
    package func start() async throws {
        let command =
            prefix + Self.unprivileged(program("postgres"))
            + ["-D", data, "-p", "\(port)"] + (ownSettings + settings).flatMap { ["-c", $0] }
        try running.start(command, log: folder.appending(path: "postgres.log"))
        for _ in 0..<Self.startAttempts {
            if (try? Self.run([program("pg_isready"), "-h", "127.0.0.1", "-p", "\(port)"])) != nil {
                return
            }
            guard running.isRunning else { break }
            try await Task.sleep(for: Self.startInterval)
        }
        throw Failure(description: "PostgreSQL did not start: see \(folder.path)/postgres.log")
    }

    private var ownSettings: [String] {
        let durable =
            switch durability {
            case .processes: ["fsync=off"]
            case .machine: [String]()
            }
        return [
            // No socket file: its path would be too long in most temporary folders.
            "listen_addresses=127.0.0.1", "unix_socket_directories=",
            "max_connections=200", "log_min_messages=fatal",
        ] + durable
    }

    /// A setting of a primary that lets no commit be answered before its standby has it.
    package static let synchronous = "synchronous_standby_names=*"

    /// Returns once a standby follows, from where on no commit is answered without it.
    package func awaitStandby() async throws {
        for _ in 0..<Self.startAttempts {
            let count = try execute(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            )
            if count != "0" { return }
            try await Task.sleep(for: Self.startInterval)
        }
        throw Failure(description: "no standby follows")
    }

    /// Makes a standby the primary; returns once it takes writes.
    package func promote() throws {
        try execute("SELECT pg_promote()")
    }

    /// Ends it as an administrator does who does not wait for clients.
    package func stop() { running.end(SIGINT) }

    /// Ends it without a chance to finish anything.
    package func kill() { running.end(SIGQUIT) }

    /// Runs SQL as its owner; answers what `psql` prints.
    @discardableResult
    package func execute(_ sql: String) throws -> String {
        try Self.run([
            program("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
            "--set", "ON_ERROR_STOP=1", "--dbname", url(), "--command", sql,
        ])
    }

    // MARK: Programs

    private static func findPrograms() throws -> URL {
        let versions = URL(fileURLWithPath: "/usr/lib/postgresql")
        let found = (try? FileManager.default.contentsOfDirectory(atPath: versions.path)) ?? []
        let newest = found.compactMap { Int($0) }.max()
        let candidates =
            [newest.map { versions.appending(path: "\($0)/bin") }].compactMap(\.self)
            + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map { URL(fileURLWithPath: String($0)) }
        for folder in candidates {
            let program = folder.appending(path: "initdb").path
            if FileManager.default.isExecutableFile(atPath: program) { return folder }
        }
        throw Failure(description: "PostgreSQL's server is not installed: scripts/setup --test")
    }

    private static var nobody: (user: uid_t, group: gid_t)? {
        guard let entry = getpwnam("nobody") else { return nil }
        return (entry.pointee.pw_uid, entry.pointee.pw_gid)
    }

    /// The command as somebody that the server agrees to be.
    private static func unprivileged(_ program: String) -> [String] {
        guard getuid() == 0, let nobody else { return [program] }
        return [
            "setpriv", "--reuid", "\(nobody.user)", "--regid", "\(nobody.group)",
            "--clear-groups", program,
        ]
    }

    @discardableResult
    private static func run(_ command: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(),
            as: UTF8.self
        )
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(command.joined(separator: " ")): \(said)")
        }
        return said.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// The server's process, and a shell beside it that ends it when this process is gone.
private final class RunningServer: Sendable {
    // Used under the lock of the mutex only.
    private struct State: @unchecked Sendable {
        var process: Process?
        var lifeline: Pipe?
    }

    private let state = Mutex(State())

    /// The shell becomes the server. What it leaves behind reads a line from the pipe, or the pipe's
    /// end, which means that nobody is left to stop the server.
    private static let script = """
        log="$0"; exec 3<&0
        (read -r _ <&3 || kill -INT $$ 2>/dev/null) &
        exec "$@" >>"$log" 2>&1 3<&- </dev/null
        """

    var isRunning: Bool { state.withLock { $0.process?.isRunning ?? false } }

    func start(_ command: [String], log: URL) throws {
        end(SIGINT)
        let process = Process()
        let lifeline = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.script, log.path] + command
        process.standardInput = lifeline
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        state.withLock { $0 = State(process: process, lifeline: lifeline) }
    }

    func end(_ signal: Int32) {
        let last = state.withLock { state in
            defer { state = State() }
            return state
        }
        guard let process = last.process else { return }
        // The shell first: it holds what Foundation knows the end of the process by.
        try? last.lifeline?.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        try? last.lifeline?.fileHandleForWriting.close()
        if process.isRunning { kill(process.processIdentifier, signal) }
        process.waitUntilExit()
    }
}
