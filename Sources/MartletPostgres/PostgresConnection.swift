import CPostgreSQL
import Foundation

/// One connection, used by one thread, which waits for the database in `poll` and nowhere else.
///
/// It is in pipeline mode all its life: what is sent together costs one round trip.
final class PostgresConnection {
    /// How long the database may take to answer beyond the time after which it breaks off itself.
    private static let grace: Duration = .seconds(2)

    private let handle: OpaquePointer
    private let patience: Duration
    private var prepared: Set<String> = []
    /// When it last answered, for whoever wonders if it still does.
    private(set) var lastUsed = ContinuousClock.now
    /// What was read over it and may still hold.
    var standings = StandingMemory()

    /// Takes over a handle that is connected.
    init(_ handle: OpaquePointer, statementTimeout: Duration) throws(PostgresFailure) {
        self.handle = handle
        patience = statementTimeout + Self.grace
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
            throw failure
        }
    }

    deinit { PQfinish(handle) }

    // MARK: Sending

    /// Sends all groups at once. Each is a transaction of its own: all of its statements take
    /// effect, or none; a group that fails leaves the others alone.
    ///
    /// - Throws: ``PostgresFailure/Kind/lost``; the connection is of no use any more.
    func run(
        _ groups: [[Query]]
    ) throws(PostgresFailure) -> [Result<[Rows], PostgresFailure>] {
        let deadline = ContinuousClock.now + patience
        var expected: [Expected] = []
        for query in groups.joined() where !prepared.contains(query.statement.name) {
            try prepare(query)
            expected += [.preparing(query.statement.name), .synchronization(group: nil)]
        }
        for (index, group) in groups.enumerated() {
            for query in group {
                try send(query)
                expected.append(.answer(group: index, query.statement.name))
            }
            try synchronize()
            expected.append(.synchronization(group: index))
        }
        let answers = try collect(expected, groups: groups.count, until: deadline)
        lastUsed = .now
        return answers
    }

    /// One transaction.
    func run(_ queries: [Query]) throws(PostgresFailure) -> [Rows] {
        try run([queries])[0].get()
    }

    /// In a transaction of its own, so that a group which fails later does not undo it.
    private func prepare(_ query: Query) throws(PostgresFailure) {
        let types = query.parameters.map(\.type)
        let sent = PQsendPrepare(
            handle,
            query.statement.name,
            query.statement.text,
            Int32(types.count),
            types
        )
        guard sent == 1 else { throw failure }
        prepared.insert(query.statement.name)
        try synchronize()
    }

    private func send(_ query: Query) throws(PostgresFailure) {
        let values = query.parameters.map { $0.encoded() }
        let isSent = PointerList.with(values) { pointers in
            PQsendQueryPrepared(
                handle,
                query.statement.name,
                Int32(values.count),
                pointers,
                values.map { Int32($0?.count ?? 0) },
                [Int32](repeating: Self.binary, count: values.count),
                Self.binary
            ) == 1
        }
        guard isSent else { throw failure }
    }

    private static let binary: Int32 = 1

    private func synchronize() throws(PostgresFailure) {
        guard PQpipelineSync(handle) == 1 else { throw failure }
    }

    // MARK: Receiving

    /// What is sent and not answered yet.
    private enum Expected {
        case preparing(String)
        case answer(group: Int, String)
        /// The end of a group, which commits it.
        case synchronization(group: Int?)
    }

    private func collect(
        _ expected: [Expected],
        groups: Int,
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> [Result<[Rows], PostgresFailure>] {
        var rows = [[Rows]](repeating: [], count: groups)
        var failures = [PostgresFailure?](repeating: nil, count: groups)
        var unprepared: [String: PostgresFailure] = [:]
        var position = 0
        var isSilent = false
        while position < expected.count {
            guard let result = try nextResult(until: deadline) else {
                // Each answer ends with none; two of them in a row mean that nothing comes any more.
                if isSilent { throw .lost("the database does not keep to its protocol") }
                isSilent = true
                if case .synchronization = expected[position] { continue }
                position += 1
                continue
            }
            isSilent = false
            let status = PQresultStatus(result)
            switch (expected[position], status) {
            case (.synchronization, PGRES_PIPELINE_SYNC):
                PQclear(result)
                position += 1
            case (.answer(let group, _), PGRES_TUPLES_OK),
                (.answer(let group, _), PGRES_COMMAND_OK):
                rows[group].append(Rows(result))
            case (.preparing, PGRES_COMMAND_OK), (_, PGRES_PIPELINE_ABORTED):
                PQclear(result)
            default:
                var failure = failure(in: result)
                PQclear(result)
                if case .answer(_, let name) = expected[position], let cause = unprepared[name] {
                    failure = cause
                }
                if failure.kind == .lost || PQstatus(handle) != CONNECTION_OK {
                    throw PostgresFailure(
                        kind: .lost,
                        code: failure.code,
                        message: failure.message
                    )
                }
                switch expected[position] {
                case .preparing(let name):
                    prepared.remove(name)
                    unprepared[name] = failure
                case .answer(let group, _): failures[group] = failures[group] ?? failure
                case .synchronization(let group):
                    if let group { failures[group] = failures[group] ?? failure }
                }
            }
        }
        return zip(rows, failures).map { rows, failure in
            if let failure { .failure(failure) } else { .success(rows) }
        }
    }

    private func nextResult(
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> OpaquePointer? {
        while true {
            let unsent = PQflush(handle)
            if unsent < 0 { throw failure }
            if PQisBusy(handle) == 0 { return PQgetResult(handle) }
            try wait(toWrite: unsent > 0, until: deadline)
            guard PQconsumeInput(handle) == 1 else { throw failure }
        }
    }

    /// Waits until the database has sent something, or takes more.
    private func wait(
        toWrite: Bool,
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        var socket = pollfd(
            fd: PQsocket(handle),
            events: Int16(POLLIN) | (toWrite ? Int16(POLLOUT) : 0),
            revents: 0
        )
        let left = (deadline - .now) / .milliseconds(1)
        guard left > 0 else { throw .lost("it does not answer in time") }
        let ready = poll(&socket, 1, Int32(left.rounded(.up)))
        if ready == 0 { throw .lost("it does not answer in time") }
        if ready < 0, errno != EINTR {
            throw .lost(String(cString: strerror(errno)))
        }
    }

    // MARK: Failures

    private var failure: PostgresFailure {
        .lost(Self.sentence(String(cString: PQerrorMessage(handle))))
    }

    /// The first sentence alone: the details may hold values.
    private func failure(in result: OpaquePointer) -> PostgresFailure {
        let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M")))
        guard let primary, let code = PQresultErrorField(result, Int32(UInt8(ascii: "C"))) else {
            return .lost(Self.sentence(String(cString: PQresultErrorMessage(result))))
        }
        return PostgresFailure(code: String(cString: code), message: String(cString: primary))
    }

    /// libpq's words in one line: a line for each host that was tried, without the questions that it
    /// asks below them, which begin with a tab.
    static func sentence(_ words: String) -> String {
        let lines = words.split(whereSeparator: \.isNewline)
            .filter { !$0.hasPrefix("\t") }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        return lines.isEmpty ? "the connection is broken" : lines.joined(separator: "; ")
    }
}

/// Lends values to C as a list of pointers.
private enum PointerList {
    static func with<Result>(
        _ values: [[UInt8]?],
        _ body: ([UnsafePointer<CChar>?]) -> Result
    ) -> Result {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.reduce(1) { $0 + ($1?.count ?? 0) })
        for value in values { bytes.append(contentsOf: value ?? []) }
        // An empty value is not NULL, so its pointer must not be.
        bytes.append(0)
        return bytes.withUnsafeBytes { all in
            var pointers: [UnsafePointer<CChar>?] = []
            var offset = 0
            for value in values {
                pointers.append(
                    value.map { _ in
                        all.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
                    } ?? nil
                )
                offset += value?.count ?? 0
            }
            return body(pointers)
        }
    }
}
