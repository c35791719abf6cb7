import MartletCore
import MartletServer

/// How clients reach the server: the issuer, TLS, proxies.
struct NetworkExamination {
    /// A certificate that is good for less than this should have been renewed by now.
    static let renewal: Duration = .days(14)

    let configuration: Configuration
    let now: Instant

    var findings: [Finding] { [issuer, proxies].compactMap(\.self) + certificate }

    private var issuer: Finding {
        let issuer = configuration.issuer
        guard issuer.isLoopback else { return .ok("issuer", "\(issuer.text)") }
        return .advice(
            "issuer",
            "\(issuer.text) is this machine alone: fine for trying. Tokens name it, so set the real "
                + "one before anybody signs in."
        )
    }

    private var proxies: Finding? {
        guard configuration.tls == nil, !configuration.issuer.isLoopback else { return nil }
        guard configuration.trustedProxies.isEmpty else {
            return .ok("trusted_proxies", "The proxy that ends TLS is named.")
        }
        return .advice(
            "trusted_proxies",
            "The issuer is https and tls is not set, so a proxy must stand before this server; name "
                + "its address, or everybody seems to come from there and shares one limit."
        )
    }

    private var certificate: [Finding] {
        guard let files = configuration.tls else { return [] }
        var findings: [Finding] = []
        do throws(ConfigurationError) {
            let validUntil = try files.load(at: now).validUntil
            let when = "\(validUntil.text), \(validUntil.text(seenFrom: now))"
            findings.append(
                validUntil - now < Self.renewal
                    ? .advice("tls", "The certificate expires \(when); renew it.")
                    : .ok("tls", "The certificate is good until \(when).")
            )
        } catch {
            findings.append(.problem("tls", error.sentence))
        }
        if files.isKeyOpenToAll {
            findings.append(
                .advice(
                    "tls",
                    "Everybody on this machine may read \(files.key.path.printable); chmod 600 it "
                        + "unless a container platform mounts it."
                )
            )
        }
        return findings
    }
}
