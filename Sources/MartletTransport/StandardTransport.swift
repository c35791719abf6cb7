/// The transport that is taken where nobody names one.
package enum StandardTransport {
    package static func make() -> any HTTPTransport {
        #if canImport(Darwin)
            URLSessionTransport()
        #else
            AsyncHTTPClientTransport()
        #endif
    }
}
