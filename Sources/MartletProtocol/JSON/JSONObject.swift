/// A JSON object that keeps the order of its members and holds each name once.
///
/// Objects of the protocols are small, so the members are one array and a look-up is a walk.
public struct JSONObject: Sendable, Hashable {
    /// One name and its value.
    public struct Member: Sendable, Hashable {
        /// The member's name.
        public let name: String
        /// The member's value.
        public var value: JSONValue
    }

    /// The members in the order in which they were written.
    public private(set) var members: [Member] = []

    /// An object without members.
    public init() {}

    /// An object of members that the reader has seen to be distinct.
    init(distinct members: [Member]) {
        self.members = members
    }

    /// The number of members.
    public var count: Int { members.count }

    /// Whether the object has no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The value of a member. Setting keeps the place of a member that exists and appends a new one;
    /// setting nil removes it.
    ///
    /// - Parameter name: The member's name, compared byte for byte (RFC 8259 §8.3).
    public subscript(name: String) -> JSONValue? {
        get {
            for index in members.indices where members[index].name.isSameText(as: name) {
                return members[index].value
            }
            return nil
        }
        set {
            let index = members.firstIndex { $0.name.isSameText(as: name) }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}
