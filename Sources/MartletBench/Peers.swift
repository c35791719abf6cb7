/// What other servers did on the same kind of machine, by the same method: 64 connections, each
/// with its own chain of tokens, one core for server and database. docs/performance.md says how.
enum Peers {
    struct Peer {
        let name: String
        let durability: String
        let refreshes: String
        let clientCredentials: String
        let introspections: String
    }

    static let all = [
        Peer(
            name: "node-oidc-provider 9.11.4, Node 24, ES256",
            durability: "memory only",
            refreshes: "3,334 – 3,550",
            clientCredentials: "4,144",
            introspections: "6,320"
        ),
        Peer(
            name: "the same with an SQLite adapter",
            durability: "SQLite, FULL",
            refreshes: "1,173",
            clientCredentials: "4,197",
            introspections: "4,295"
        ),
        Peer(
            name: "node-oauth2-server 5.3.0, HS256",
            durability: "memory only",
            refreshes: "4,559",
            clientCredentials: "4,874",
            introspections: "none"
        ),
        Peer(
            name: "glewlwyd 2.7.5, ES256, cheap secret hash",
            durability: "SQLite, FULL",
            refreshes: "137 – 153",
            clientCredentials: "357",
            introspections: "1,239"
        ),
        Peer(
            name: "glewlwyd 2.7.5 as packaged",
            durability: "SQLite, FULL",
            refreshes: "39",
            clientCredentials: "39",
            introspections: "45"
        ),
        Peer(
            name: "Authlib 1.9.8, ES256",
            durability: "SQLite, FULL",
            refreshes: "149",
            clientCredentials: "239 – 374",
            introspections: "311 – 712"
        ),
        Peer(
            name: "django-oauth-toolkit 3.4.1, ES256",
            durability: "SQLite, FULL",
            refreshes: "92",
            clientCredentials: "276",
            introspections: "587"
        ),
        Peer(
            name: "the same",
            durability: "PostgreSQL",
            refreshes: "83",
            clientCredentials: "277",
            introspections: "316"
        ),
        Peer(
            name: "Keycloak, its own sizing guide, per vCPU",
            durability: "PostgreSQL",
            refreshes: "120",
            clientCredentials: "120",
            introspections: ""
        ),
    ]
}
