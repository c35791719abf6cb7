package import MartletProtocol

/// The members of a `refresh_token_policy` that differ from the server's: what a client's metadata
/// or the configuration file says, each with its bounds.
package struct PolicyOverrides: Sendable, Equatable {
    package var rotation: RotationPolicy.Rotation?
    package var overlap: RotationPolicy.Overlap?
    package var idleLifetime: Duration?
    package var absoluteLifetime: Duration?
    package var maxSessions: Int?

    package init() {}

    /// The policy that these members make of a default.
    package func applied(to standard: RotationPolicy) -> RotationPolicy {
        RotationPolicy(
            rotation: rotation ?? standard.rotation,
            overlap: overlap ?? standard.overlap,
            idleLifetime: idleLifetime ?? standard.idleLifetime,
            absoluteLifetime: absoluteLifetime ?? standard.absoluteLifetime,
            maxSessions: maxSessions ?? standard.maxSessions
        )
    }

    /// Reads a policy; `nil` has no member.
    package init(json: JSONValue?) throws(OAuthError) {
        guard let json else { return }
        guard let object = json.object else {
            throw .metadata("refresh_token_policy is an object.")
        }
        for member in object.members {
            switch member.name {
            case "rotation": rotation = try Self.rotation(member.value)
            case "overlap": overlap = try Self.overlap(member.value)
            case "idle_lifetime": idleLifetime = try Self.lifetime(member)
            case "absolute_lifetime": absoluteLifetime = try Self.lifetime(member)
            case "max_sessions": maxSessions = try Self.sessions(member.value)
            default:
                throw .metadata(
                    "refresh_token_policy has no member \(member.name); it has rotation, overlap, "
                        + "idle_lifetime, absolute_lifetime and max_sessions."
                )
            }
        }
    }

    /// The members as JSON; `nil` if there is none.
    package var json: JSONValue? {
        var object = JSONObject()
        object["rotation"] = rotation.map { .string($0.rawValue) }
        switch overlap {
        case .seconds(let seconds): object["overlap"] = .integer(seconds)
        case .untilUsed: object["overlap"] = "until_used"
        case nil: break
        }
        object["idle_lifetime"] = idleLifetime.map { .integer($0.wholeSeconds) }
        object["absolute_lifetime"] = absoluteLifetime.map { .integer($0.wholeSeconds) }
        object["max_sessions"] = maxSessions.map { .integer(Int64($0)) }
        return object.isEmpty ? nil : .object(object)
    }

    private static func rotation(
        _ value: JSONValue
    ) throws(OAuthError) -> RotationPolicy.Rotation {
        guard let rotation = value.string.flatMap(RotationPolicy.Rotation.init) else {
            throw .metadata("rotation is \"rotating\" or \"static\".")
        }
        return rotation
    }

    private static func overlap(_ value: JSONValue) throws(OAuthError) -> RotationPolicy.Overlap {
        if value.string == "until_used" { return .untilUsed }
        let bound = RotationPolicy.maximumOverlapSeconds
        guard let seconds = value.integer, (0...bound).contains(seconds) else {
            throw .metadata("overlap is a number of seconds from 0 to \(bound), or \"until_used\".")
        }
        return .seconds(seconds)
    }

    private static func lifetime(_ member: JSONObject.Member) throws(OAuthError) -> Duration {
        let least = RotationPolicy.minimumLifetime.wholeSeconds
        let most = RotationPolicy.maximumLifetime.wholeSeconds
        guard let seconds = member.value.integer, (least...most).contains(seconds) else {
            throw .metadata("\(member.name) is a number of seconds from \(least) to \(most).")
        }
        return .seconds(seconds)
    }

    private static func sessions(_ value: JSONValue) throws(OAuthError) -> Int {
        let most = RotationPolicy.maximumSessions
        guard let count = value.integer, (1...Int64(most)).contains(count) else {
            throw .metadata("max_sessions is a number from 1 to \(most).")
        }
        return Int(count)
    }
}
