import HTTPTypes
import Hummingbird
import MartletCore

/// `GET /healthz`: the process answers. `GET /readyz`: it can use its store and its keys too.
struct HealthEndpoint {
    let server: AuthorizationServer

    static func alive() -> Response { answer(.ok, "ok\n") }

    func ready() async -> Response {
        do {
            _ = try await server.publishedKeys()
            return Self.answer(.ok, "ready\n")
        } catch {
            return Self.answer(.serviceUnavailable, "the store or its keys cannot be used\n")
        }
    }

    private static func answer(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status,
            headers: CacheControl.noStore.headers(with: "text/plain; charset=utf-8"),
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
    }
}
