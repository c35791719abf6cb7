import HTTPTypes
import MartletProtocol
import MartletTransport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One question to the issuer's feed of ended sessions, as this API (RFC 8936 §2.2).
struct EndedSessionsCall: Sendable {
    /// Why there is no answer.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

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

    let credentials: BasicCredentials
    let endpoint: String?
    let document: IssuerDocument
    let transport: any HTTPTransport

    func answer(to question: Question) async throws -> Answer {
        let address = try await address()
        guard let url = RequestAddress(address), RequestAddress.isConfidential(address) else {
            throw Failure(description: "The feed of ended sessions is not https.")
        }
        let request = HTTPRequest(
            method: .post,
            scheme: url.scheme,
            authority: url.authority,
            path: url.path,
            headerFields: [
                .accept: "application/json",
                .contentType: "application/json",
                .authorization: credentials.headerValue.text,
            ]
        )
        let (body, response) = try await transport.send(request, body: Data(question.encoded()))
        let status = response.status.code
        guard status == 200 else {
            throw Failure(
                description: "The feed of ended sessions answered with \(status)."
                    + (status == 401 ? " Is the API's secret right?" : "")
            )
        }
        guard body.count <= PublishedDocument.maximumSize,
            let json = try? JSONValue(parsing: Array(body)), let answer = Answer(json)
        else { throw Failure(description: "The feed's answer cannot be read.") }
        return answer
    }

    private func address() async throws -> String {
        if let endpoint { return endpoint }
        let name = ServerMetadataName.endedSessionsEndpoint
        guard let address = try await document.json()[name]?.string else {
            throw Failure(description: "The issuer's metadata has no feed of ended sessions.")
        }
        return address
    }
}
