/// The transport that is taken where nobody names one.
enum StandardTransport {
    static func make() -> any HTTPTransport {
        #if canImport(Darwin)
            URLSessionTransport()
        #else
            AsyncHTTPClientTransport()
        #endif
    }
}
