import Testing

extension Trait where Self == Comment {
    /// Names the requirements that a test holds, as `docs/rfc-requirements` calls them;
    /// `docs/rfc-map.md` is made from these marks.
    static func covers(_ requirements: String...) -> Comment {
        Comment(rawValue: "covers " + requirements.joined(separator: ", "))
    }
}
