package import MartletProtocol

/// A question of an API: what ended since? (RFC 8936 §2.2)
package struct EndedSessionsPoll: Sendable, Equatable {
    /// The most tokens that one answer holds, whatever is asked for: some 100 KiB.
    package static let maximumEvents = 200
    /// More acknowledgements than were ever handed out at once.
    static let maximumAcknowledged = 10 * maximumEvents

    /// Where whoever asks has read to.
    package enum Start: Sendable, Equatable {
        /// A position of an earlier answer, or the beginning.
        case from(EndMark)
        /// Behind what this API acknowledged last: all that RFC 8936 knows.
        case acknowledged(EndMark?)
    }

    package let start: Start
    package let maximum: Int
    /// Whether to answer at once if nothing has ended.
    package let returnsImmediately: Bool
    /// What the API could not read, by its identifier.
    package let refused: [(id: String, error: String)]

    package static func == (one: EndedSessionsPoll, other: EndedSessionsPoll) -> Bool {
        one.start == other.start && one.maximum == other.maximum
            && one.returnsImmediately == other.returnsImmediately
            && one.refused.map(\.id) == other.refused.map(\.id)
    }

    package init(
        start: Start,
        maximum: Int = maximumEvents,
        returnsImmediately: Bool = false,
        refused: [(id: String, error: String)] = []
    ) {
        self.start = start
        self.maximum = maximum
        self.returnsImmediately = returnsImmediately
        self.refused = refused
    }

    /// Reads a body. Members that are not known are left alone (RFC 8936 §2.2).
    package init(json: JSONValue) throws(OAuthError) {
        guard let object = json.object else {
            throw Self.malformed("The request's body is not a JSON object.")
        }
        let acknowledged = try Self.acknowledged(object)
        let refused = try Self.refused(object)
        guard acknowledged.count + refused.count <= Self.maximumAcknowledged else {
            throw Self.malformed("The request acknowledges more than was ever handed out at once.")
        }
        let known = (acknowledged + refused.map(\.id)).compactMap { EndMark(tokenID: $0) }.max()
        self.init(
            start: try Self.position(object).map { .from($0) } ?? .acknowledged(known),
            maximum: try Self.maximum(object),
            returnsImmediately: try Self.flag(PollName.returnImmediately, object),
            refused: refused
        )
    }

    /// The same question, from further on.
    package func from(_ mark: EndMark) -> EndedSessionsPoll {
        EndedSessionsPoll(
            start: .from(mark),
            maximum: maximum,
            returnsImmediately: returnsImmediately
        )
    }

    private static func acknowledged(_ object: JSONObject) throws(OAuthError) -> [String] {
        guard let member = object[PollName.acknowledged] else { return [] }
        guard let ids = member.strings else {
            throw malformed("The member ack is not an array of strings.")
        }
        return ids
    }

    private static func refused(
        _ object: JSONObject
    ) throws(OAuthError) -> [(id: String, error: String)] {
        guard let member = object[PollName.errors] else { return [] }
        guard let errors = member.object else {
            throw malformed("The member setErrs is not an object.")
        }
        return errors.members.map { ($0.name, $0.value[PollName.error]?.string ?? "") }
    }

    private static func maximum(_ object: JSONObject) throws(OAuthError) -> Int {
        guard let member = object[PollName.maximum] else { return maximumEvents }
        guard let number = member.integer, number >= 0 else {
            throw malformed("The member maxEvents is not a whole number from 0 on.")
        }
        return Int(min(number, Int64(maximumEvents)))
    }

    private static func flag(_ name: String, _ object: JSONObject) throws(OAuthError) -> Bool {
        guard let member = object[name] else { return false }
        guard let flag = member.bool else {
            throw malformed("The member \(name) is not true or false.")
        }
        return flag
    }

    private static func position(_ object: JSONObject) throws(OAuthError) -> EndMark? {
        guard let member = object[PollName.position] else { return nil }
        guard let text = member.string, let mark = text.isEmpty ? .start : EndMark(text) else {
            throw malformed("The member position is none that this server gave out.")
        }
        return mark
    }

    private static func malformed(_ sentence: String) -> OAuthError {
        OAuthError(.invalidRequest, sentence)
    }
}

/// Up to where somebody has read the ``EndLog``: a position, and when its entry was written. The two
/// together tell a store that was set back, which gives the same positions to other entries.
package struct EndMark: Sendable, Hashable, Comparable {
    package let position: EndPosition
    package let at: Instant
    /// The number of the last of the entry's tokens that was read; `nil` if it was read to its end.
    package let told: Int?

    package init(position: EndPosition, at: Instant, told: Int? = nil) {
        self.position = position
        self.at = at
        self.told = told
    }

    package init(_ entry: EndLogEntry) {
        self.init(position: entry.position, at: entry.at)
    }

    package static let start = EndMark(position: .start, at: Instant(microseconds: 0))

    package static func < (one: EndMark, other: EndMark) -> Bool {
        (one.position, one.told ?? .max) < (other.position, other.told ?? .max)
    }

    /// The last entry that was read to its end.
    var whole: EndPosition { told == nil ? position : EndPosition(position.value - 1) }

    /// Whether it was made of this entry.
    func isOf(_ entry: EndLogEntry) -> Bool { position == entry.position && at == entry.at }
}

extension EndMark: CustomStringConvertible {
    /// Two or three numbers, which mean nothing to whoever carries them.
    package var description: String {
        let entry = "\(position.value).\(at.microseconds)"
        return told.map { "\(entry).\($0)" } ?? entry
    }

    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { Int64(Substring($0)) }
        guard parts.count == 2 || parts.count == 3,
            let position = parts[0], let at = parts[1], position >= 0
        else { return nil }
        let entry = EndMark(position: EndPosition(position), at: Instant(microseconds: at))
        guard parts.count == 3 else {
            self = entry
            return
        }
        guard let told = parts[2].flatMap(Int.init(exactly:)), told >= 0, position > 0 else {
            return nil
        }
        self = entry.told(told)
    }

    /// The same entry, read up to its `index`th subject.
    func told(_ index: Int) -> EndMark { EndMark(position: position, at: at, told: index) }

    /// The `jti` of the token that tells an entry's `index`th subject: up to where whoever has it
    /// has read.
    func tokenID(_ index: Int) -> String { told(index).description }

    /// Up to where whoever has the token of this `jti` has read.
    init?(tokenID: String) {
        self.init(tokenID)
        guard told != nil else { return nil }
    }
}

/// An answer to an ``EndedSessionsPoll`` (RFC 8936 §2.3).
package struct EndedSessionsPage: Sendable {
    /// The tokens by their identifiers, the oldest first.
    package var tokens: [(id: String, token: String)] = []
    /// Up to where whoever reads this knows everything.
    package var mark: EndMark
    package var hasMore = false
    /// Of what ended before this instant nobody knows: the store is not the one that was read
    /// before.
    package var unknownBefore: Instant?
    /// Whether whoever asked stood in a log that this is not.
    var isOfAnotherLog = false

    /// Whether there is nothing to tell yet.
    package var isEmpty: Bool { tokens.isEmpty && !hasMore && unknownBefore == nil }

    /// The body.
    package func json() -> [UInt8] {
        var writer = JSONWriter(reserving: 256 + tokens.count * 512)
        writer.object { body in
            body.member(
                PollName.tokens,
                object: { sets in for (id, token) in tokens { sets.member(id, token) } }
            )
            if hasMore { body.member(PollName.moreAvailable, true) }
            body.member(PollName.position, mark.description)
            body.member(PollName.unknownBefore, ifPresent: unknownBefore.map { $0.seconds + 1 })
        }
        return writer.bytes
    }
}
