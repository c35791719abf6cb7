import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol
import NIOCore

/// Reads an HTTP request as the form that the token, revocation and introspection endpoints take
/// (RFC 6749 §3.2).
enum FormRequest {
    /// The request, which arrived when its last byte did: whoever sends slowly must not be able to
    /// choose the instant that an overlap is judged by.
    static func read(
        _ request: Request,
        _ context: ServerContext,
        _ surroundings: Surroundings
    ) async throws -> TokenRequest {
        guard isForm(request.headers.value(of: .contentType)) else {
            throw OAuthError(
                .invalidRequest,
                "The request's Content-Type is not application/x-www-form-urlencoded."
            )
        }
        let body = try await FormBody.read(request)
        return TokenRequest(
            parameters: try parameters(body),
            authorization: request.headers.value(of: .authorization),
            origin: Origin(
                address: context.remoteAddress,
                userAgent: request.headers.value(of: .userAgent) ?? ""
            ),
            arrived: surroundings.now()
        )
    }

    /// A body's form.
    static func parameters(_ body: ByteBuffer) throws(OAuthError) -> FormParameters {
        do {
            let form = body.withUnsafeReadableBytes { bytes in
                Result { () throws(FormParameters.Malformed) in
                    try FormParameters(parsing: bytes)
                }
            }
            return try form.get()
        } catch {
            throw OAuthError(.invalidRequest, sentence(for: error))
        }
    }

    private static func sentence(for error: FormParameters.Malformed) -> String {
        switch error {
        case .percentEncoding: "The request's body has a % without two hexadecimal digits."
        case .notUTF8: "The request's body is not UTF-8."
        case .tooMany: "The request's body has more parameters than any request needs."
        }
    }

    /// Whether a body of this type is a form.
    static func isForm(_ contentType: String?) -> Bool {
        if contentType == "application/x-www-form-urlencoded" { return true }
        let type = contentType?.split(separator: ";").first ?? ""
        return type.trimmingSuffix(while: \.isWhitespace).lowercased()
            == "application/x-www-form-urlencoded"
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }
}
