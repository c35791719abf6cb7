import MartletProtocol

/// The members of client metadata, each read by its own rule.
struct MetadataMembers {
    /// Where the metadata comes from.
    enum Origin {
        case registration
        /// Written by us, when it was good enough for the version of that day.
        case stored
    }

    private let object: JSONObject
    private let origin: Origin

    init(_ object: JSONObject, from origin: Origin) {
        self.object = object
        self.origin = origin
    }

    /// A client that does not say what it does uses codes (RFC 7591 §2).
    func grantTypes() throws(OAuthError) -> [GrantType] {
        guard let value = object[ClientMetadataName.grantTypes] else { return [.authorizationCode] }
        let known = GrantType.allCases.map(\.rawValue).joined(separator: ", ")
        guard let names = value.strings, !names.isEmpty else {
            throw .metadata("grant_types lists at least one of \(known).")
        }
        var types: [GrantType] = []
        for name in names {
            guard let type = GrantType(rawValue: name) else {
                throw .metadata("This version has no grant type \(name); it has \(known).")
            }
            if !types.contains(type) { types.append(type) }
        }
        return types
    }

    /// The response types that the grant types need, and no others (RFC 7591 §2.1).
    func responseTypes(of grants: [GrantType]) throws(OAuthError) -> [ResponseType] {
        let needed: [ResponseType] = grants.contains(.authorizationCode) ? [.code] : []
        guard let value = object[ClientMetadataName.responseTypes] else { return needed }
        guard let names = value.strings else {
            throw .metadata("response_types is a list.")
        }
        guard names.allSatisfy({ ResponseType(rawValue: $0) != nil }) else {
            throw .metadata("response_types can only hold code.")
        }
        guard names.isEmpty == needed.isEmpty else {
            throw .metadata(
                "The response type code and the grant type authorization_code go together."
            )
        }
        return needed
    }

    func redirectURIs(_ name: String) throws(OAuthError) -> [RedirectURI] {
        guard let value = object[name] else { return [] }
        guard let texts = value.strings, texts.count <= RedirectURI.maximumCount else {
            throw .redirectURI("\(name) is a list of at most \(RedirectURI.maximumCount) URIs.")
        }
        var uris: [RedirectURI] = []
        for text in texts {
            let uri = try RedirectURI(registering: text)
            if !uris.contains(uri) { uris.append(uri) }
        }
        return uris
    }

    /// Any value was stored once, when it meant nothing.
    func applicationType() throws(OAuthError) -> ApplicationType {
        switch origin {
        case .registration: try choice(ClientMetadataName.applicationType) ?? .web
        case .stored: (try? choice(ClientMetadataName.applicationType)) ?? .web
        }
    }

    /// One of the values of an enum; `nil` if the member is left out.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String
    ) throws(OAuthError) -> Choice? where Choice.RawValue == String {
        guard let value = object[name] else { return nil }
        guard let choice = value.string.flatMap(Choice.init) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .metadata("\(name) is one of \(known).")
        }
        return choice
    }

    func scope() throws(OAuthError) -> Scope {
        guard let value = object[WireName.scope] else { return .none }
        guard let scope = value.string.flatMap({ Scope($0) }) else {
            throw .metadata("scope is a list of scope tokens separated by spaces (RFC 6749 3.3).")
        }
        return scope
    }

    func seconds(_ name: String, in range: ClosedRange<Int64>) throws(OAuthError) -> Duration? {
        guard let value = object[name] else { return nil }
        guard let seconds = value.integer, range.contains(seconds) else {
            throw .metadata(
                "\(name) is a number of seconds from \(range.lowerBound) to \(range.upperBound)."
            )
        }
        return .seconds(seconds)
    }

    func contextClasses() throws(OAuthError) -> [String] {
        let name = ClientMetadataName.defaultACRValues
        guard let value = object[name] else { return [] }
        guard let values = value.strings, values.count <= ClientMetadata.maximumACRValues,
            values.allSatisfy({ value in
                1...ClientMetadata.maximumText ~= value.utf8.count
                    && value.utf8.allSatisfy { 0x21...0x7E ~= $0 }
            })
        else {
            throw .metadata(
                "\(name) is a list of at most \(ClientMetadata.maximumACRValues) names without "
                    + "spaces."
            )
        }
        return values
    }

    func resources() throws(OAuthError) -> [ResourceID] {
        guard let value = object[ClientMetadataName.allowedResources] else { return [] }
        guard let identifiers = value.strings,
            identifiers.count <= ClientMetadata.maximumResources,
            identifiers.allSatisfy(Resource.isValidIdentifier)
        else {
            throw .metadata(
                "allowed_resources is a list of at most \(ClientMetadata.maximumResources) "
                    + "absolute URIs without fragment."
            )
        }
        return identifiers.map(ResourceID.init)
    }

    func flag(_ name: String) throws(OAuthError) -> Bool? {
        guard let value = object[name] else { return nil }
        guard let flag = value.bool else { throw .metadata("\(name) is true or false.") }
        return flag
    }

    /// An address that a browser or this server goes to.
    func link(_ name: String) throws(OAuthError) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = value.string else { throw .metadata("\(name) must be a URL.") }
        let uri: AbsoluteURI
        do throws(AbsoluteURI.Flaw) {
            uri = try AbsoluteURI(text)
        } catch {
            throw .metadata("\(name) \(error.rawValue)")
        }
        guard uri.isSecureWeb else {
            throw .metadata("\(name) must be an https URL, or one with http on this machine.")
        }
        return text
    }
}

// MARK: - Members for people

extension MetadataMembers {
    func informational() throws(OAuthError) -> JSONObject {
        var kept = JSONObject()
        for member in object.members
        where ClientMetadata.informationalMembers.contains(member.name) {
            do throws(OAuthError) {
                try check(member)
                kept[member.name] = member.value
            } catch {
                switch origin {
                case .registration: throw error
                case .stored: break
                }
            }
        }
        return kept
    }

    private func check(_ member: JSONObject.Member) throws(OAuthError) {
        if ClientMetadata.links.contains(member.name) {
            _ = try link(member.name)
        } else if member.name == ClientMetadataName.contacts {
            guard let contacts = member.value.strings,
                contacts.count <= ClientMetadata.maximumContacts,
                contacts.allSatisfy(\.isShownAsWritten)
            else {
                throw .metadata(
                    "contacts is a list of at most \(ClientMetadata.maximumContacts) short texts."
                )
            }
        } else {
            guard let text = member.value.string, text.isShownAsWritten else {
                throw .metadata(
                    "\(member.name) is a text of 1 to \(ClientMetadata.maximumText) bytes without "
                        + "control characters."
                )
            }
        }
    }
}

extension String {
    /// Whether people see what is written: short, and without characters that hide or reorder
    /// others.
    fileprivate var isShownAsWritten: Bool {
        1...ClientMetadata.maximumText ~= utf8.count
            && unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
                // Joins the parts of one picture or letter.
                case .format: scalar == "\u{200C}" || scalar == "\u{200D}"
                default: true
                }
            }
    }
}
