import MartletProtocol
import MartletTransport

/// One question to the issuer's feed of ended sessions, as this API (RFC 8936 §2.2).
struct EndedSessionsCall: Sendable {
    /// What is asked.
    struct Question: Sendable {
        /// Up to where everything is known; nil at the beginning.
        var position: String?
        /// What arrived with the last answer.
        var acknowledged: [String] = []
        /// What of it could not be believed: the code of RFC 8936 §2.6 and a sentence, by identifier.
        var refused: [(id: String, error: String, description: String)] = []
        var waits = true

        func encoded() -> [UInt8] {
            var writer = JSONWriter()
            writer.object { body in
                body.member(PollName.position, position ?? "")
                if !acknowledged.isEmpty { body.member(PollName.acknowledged, acknowledged) }
                if !refused.isEmpty { body.member(PollName.errors, object: writeErrors) }
                body.member(PollName.returnImmediately, !waits)
            }
            return writer.bytes
        }

        private func writeErrors(to errors: inout JSONWriter) {
            for (id, error, description) in refused {
                errors.member(
                    id,
                    object: { entry in
                        entry.member(PollName.error, error)
                        entry.member(PollName.description, description)
                    }
                )
            }
        }
    }

    /// What is answered.
    struct Answer: Sendable {
        let tokens: [(id: String, token: String)]
        let position: String?
        let hasMore: Bool
        let unknownBefore: Int64?

        init?(_ json: JSONValue) {
            guard let sets = json[PollName.tokens]?.object else { return nil }
            var tokens: [(id: String, token: String)] = []
            for member in sets.members {
                guard let token = member.value.string else { return nil }
                tokens.append((member.name, token))
            }
            self.tokens = tokens
            position = json[PollName.position]?.string
            hasMore = json[PollName.moreAvailable]?.bool ?? false
            unknownBefore = json[PollName.unknownBefore]?.integer
        }
    }

    private let call: EndpointCall

    init(
        credentials: BasicCredentials,
        endpoint: String?,
        document: IssuerDocument,
        transport: any HTTPTransport
    ) {
        call = EndpointCall(
            credentials: credentials,
            endpoint: endpoint,
            metadataName: ServerMetadataName.endedSessionsEndpoint,
            words: "the feed of ended sessions",
            document: document,
            transport: transport
        )
    }

    func answer(to question: Question) async throws -> Answer {
        let json = try await call.post(question.encoded(), as: "application/json")
        guard let answer = Answer(json) else {
            throw EndpointCall.Failure(description: "The feed's answer cannot be read.")
        }
        return answer
    }
}
