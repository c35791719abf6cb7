import HTTPTypes
import Hummingbird
import MartletCore

/// `GET /metrics`: what was counted, in Prometheus' text format.
///
/// Beside the pages it answers to this machine alone, and to everybody else as if there were no
/// such path. It is not in the table of routes, whose `Allow` headers would tell of it.
struct MetricsEndpoint {
    static let path = "/metrics"

    let metrics: ServerMetrics

    func answer() -> Response {
        let text = PrometheusText(metrics.registry.read()).text
        return Response(
            status: .ok,
            headers: CacheControl.noStore.headers(with: PrometheusText.contentType),
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// - Throws: what the router says of a path that it does not know.
    func answer(_ request: Request, _ context: ServerContext) throws -> Response {
        let visitor = Visitor(
            connection: context.connectionAddress,
            authority: request.head.authority,
            isForwarded: Self.forwardingFields.contains { request.headers.contains($0) }
        )
        guard visitor.isThisMachine else { throw HTTPError(.notFound) }
        return answer()
    }

    /// What a proxy adds to a request that is somebody else's.
    private static let forwardingFields = [
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
        "X-Real-IP",
    ].map { HTTPField.Name.named($0) }

    /// Who asks, as far as can be told.
    struct Visitor {
        /// The other end of the connection itself, whatever a header says.
        let connection: String?
        /// The host and port that the visitor believes to be talking to.
        let authority: String?
        let isForwarded: Bool

        /// Whether it is somebody on this machine who asks for themselves.
        ///
        /// | the connection is from | it was passed on | it asks for the host | |
        /// | --- | --- | --- | --- |
        /// | elsewhere | | | no |
        /// | loopback | yes | | no: a proxy's, for somebody else |
        /// | loopback | no | another one | no: a proxy's, or a page's whose name leads here |
        /// | loopback | no | localhost, or a loopback address | yes |
        ///
        /// A proxy on this machine that adds no header and asks for `localhost` cannot be told from
        /// a visitor.
        var isThisMachine: Bool {
            guard let connection, IPAddress(connection)?.isLoopback == true, !isForwarded,
                let authority
            else { return false }
            let host = Self.host(of: authority)
            return host == "localhost" || IPAddress(host)?.isLoopback == true
        }

        /// Without the port, and an IPv6 address without its brackets (RFC 3986 §3.2).
        private static func host(of authority: String) -> String {
            if authority.hasPrefix("[") {
                return String(authority.dropFirst().prefix { $0 != "]" })
            }
            return authority.prefix { $0 != ":" }.lowercased()
        }
    }
}
