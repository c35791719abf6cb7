import MartletCore

/// The page docs/configuration.md, made from the table that the parser uses.
enum ConfigurationReference {
    static var markdown: String {
        ([introduction] + sections.map(section) + [lists, masterKey, postgres, tls, proxies])
            .joined(separator: "\n")
    }

    private static let introduction = """
        # Configuration

        <!-- Made by `martlet configuration-reference`. Change ConfigurationTable.swift instead. -->

        Martlet reads one file, YAML or JSON. It takes the first of these that there is:

        1. the file that `--config FILE` names,
        2. the file that the environment variable `MARTLET_CONFIG` names,
        3. `martlet.yaml` in the working directory,
        4. none: then every key has its default.

        ```yaml
        issuer: https://login.example.com
        listen: 127.0.0.1:8080
        store: sqlite:martlet.db
        lifetimes: {access_token: 600}
        refresh_token_policy: {overlap: 10, absolute_lifetime: 7776000}
        ```

        The file is read strictly. An unknown key, a key that stands twice, a value of the wrong kind
        or out of its bounds: each is refused with its line and what is expected there.

        - All durations are whole **seconds**.
        - A bare word is a number, `true`, `false` or `null` exactly if JSON spells it so; everything
          else is text, `off` and `yes` and `007` too. Text that begins with `[`, as an IPv6 address
          does, needs quotation marks.
        - A **relative path** counts from the file's folder; one in an environment variable from the
          working directory. A default counts as if it stood in the file.
        - Anchors, aliases and tags of YAML are refused. The file may have 1 MiB.

        A value from the **environment** wins over the file, one from a flag over both. The variable is
        named `MARTLET_` and the key in capitals, with `_` for the dot. Lists are given as JSON:

        ```sh
        MARTLET_ISSUER=https://login.example.com
        MARTLET_LIFETIMES_ACCESS_TOKEN=300
        MARTLET_CLIENTS='[{"client_id": "photos", "client_secret": "a-long-random-secret",
          "client_name": "Photos", "redirect_uris": ["https://photos.example.com/callback"]}]'
        ```

        An unknown variable that begins with `MARTLET_` is refused, so that a misspelt one does not
        pass unnoticed. Those that Kubernetes makes for a service called `martlet`
        (`MARTLET_PORT`, `MARTLET_SERVICE_HOST` and so on) are left alone.

        """

    private static let lists = """
        ## Clients, users and resources in the file

        ```yaml
        resources:
          - {identifier: "https://api.example.com", scopes: [read, write]}
        clients:
          - client_id: photos
            client_secret: a-long-random-secret
            client_name: Photos
            redirect_uris: ["https://photos.example.com/callback"]
            grant_types: [authorization_code, refresh_token]
            scope: openid email offline_access read
            allowed_resources: ["https://api.example.com"]
        users:
          - {username: ada, password: correct horse battery staple, email: ada@example.com}
        ```

        What stands here is made, or brought to what stands here, at every start. An entry that is
        taken out of the file is not deleted: it is the operator's from then on, for the commands.

        | of a client | |
        | --- | --- |
        | `client_id` | 1 to \(FileOwnedClient.maximumID) visible ASCII characters |
        | `client_secret` | the secret; left out for a public client |
        | everything else | [client metadata](clients.md#metadata); there `scope` is one text |

        | of a user | |
        | --- | --- |
        | `username` | the name to sign in with; letters' case makes no difference |
        | `password` | the password, or instead of it |
        | `password_hash` | a hash of it: Argon2, bcrypt, scrypt or PBKDF2; stays as it stands here |
        | `email` | an e-mail address |
        | `profile` | OpenID Connect's standard claims, as in `{name: Ada, locale: en}` |
        | `disabled` | `true` refuses sign-ins and ends all sessions |

        | of a resource | |
        | --- | --- |
        | `identifier` | the API's absolute URI, the `aud` of its access tokens |
        | `scopes` | the scopes that it knows, a list here: `[read, write]` |
        | `signing_algorithm` | `ES256` (the default), `RS256`, `PS256` or `EdDSA` |
        | `idle_lifetime`, `absolute_lifetime` | the longest that sessions for it may live, in seconds |
        | `client_id`, `client_secret` | what it introspects with; both or neither |

        """

    private static let postgres = """
        ## PostgreSQL

        `store: postgres://USER:PASSWORD@HOST:PORT/DATABASE` keeps everything in a PostgreSQL database
        (version 14 or newer), and any number of servers may share it: each has the same
        `martlet.yaml` but for `listen`, and the same master key. The string is libpq's, with all that
        it knows: several hosts, `sslmode=verify-full`, `sslrootcert`, `passfile`, `options`. Give it by
        the variable `MARTLET_STORE` if it holds a password; Martlet never shows more of it than host,
        port and database.

        - The tables, all named `martlet_…`, are made at the first start, in the first schema of the
          `search_path`; the user needs the right to make tables there.
        - A server opens 3 connections at its start, and up to 6 when there is work for them. A pooler
          between them must keep sessions whole (PgBouncer: `pool_mode = session`).
        - An answered rotation is on disk: Martlet sets `synchronous_commit = on` itself. With
          `synchronous_standby_names` it is on a standby as well, and survives the primary's end.
        - Name all hosts of a replicated database, `postgres://…@one,two/martlet`: Martlet finds the one
          that takes writes (`target_session_attrs=read-write`) and the next one after a fail-over.
        - Sessions are judged by the database's clock, so the servers' own may differ.

        """

    private static let masterKey = """
        ## The master key

        The master key is the one secret that is not in the store: what signs and seals is derived from
        it or encrypted under it. Keep it, and back it up apart from the store.

        - `file:PATH`: the file holds \(MasterKeyFile.content) and a line end. Only its owner may
          open it (mode 0600); one that root owns may be readable by a group (0640), as container
          platforms mount secrets. If there is neither an SQLite store nor the file, Martlet makes the
          file at its first start. It never makes one for a store that has keys already: put the right one
          back from your backup. It never makes one for PostgreSQL either: all servers on a store need
          the same.
        - `env:NAME`: the environment variable NAME holds the same 43 characters.

        To make one yourself:

        ```sh
        umask 077; head -c 32 /dev/urandom | basenc --base64url | tr -d = > martlet.key
        ```

        To replace it, list the one before it in `previous_master_keys`, with the same two forms, and
        leave it there for as long as anything that it sealed may live: the longest
        `refresh_token_policy.absolute_lifetime`.

        """

    private static let tls = """
        ## TLS

        ```yaml
        issuer: https://login.example.com
        listen: 0.0.0.0:443
        tls: {certificate: fullchain.pem, key: privkey.pem}
        ```

        The two files are read at the start, and again when they change: within ten seconds, or at
        once when the process gets the signal SIGHUP. Connections that are open stay open. A new pair
        that cannot be used (half of it is missing, it does not belong together, it has expired) is
        told in the log, and the one before it stays.

        The port answers TLS only. Nothing redirects http:// to https://: whoever sends a secret to the
        wrong address should see that it did not arrive. Browsers are told to come back by TLS only for
        a year (`Strict-Transport-Security`) whenever the issuer is https, unless it is on localhost.

        """

    private static let proxies = """
        ## Behind a proxy

        ```yaml
        issuer: https://login.example.com
        listen: 127.0.0.1:8080
        trusted_proxies: [127.0.0.1, 10.0.0.0/8, "2001:db8::/48"]
        ```

        A proxy that speaks TLS in the server's place tells the client's address in a header:
        `X-Forwarded-For`, or `Forwarded` (RFC 7239). List the addresses that it comes from, and the
        limits on failed sign-ins, the sessions and the audit log see the client instead of the proxy.

        - The header is read from its right end, where the nearest proxy wrote; the first address that
          is no trusted proxy is the client. Further left anybody may have written.
        - If what is read is malformed, the connection's address counts. So it does if both headers are
          there and do not agree: let the proxy remove the one that it does not set.
        - The host and the scheme are never taken from a header: they are the issuer's.

        Without `trusted_proxies` a proxy on the same machine is recognised by its loopback address
        and spared from the limit per address, so that it does not shut everybody out. With it there
        is no such exception.

        """

    // MARK: - Tables

    private struct Section {
        let title: String
        let settings: [SettingDescription]
    }

    private static var sections: [Section] {
        let built = ConfigurationTable.all
        let names = built.compactMap(\.section).reduce(into: [Substring]()) { names, name in
            if !names.contains(name) { names.append(name) }
        }
        let top = Section(title: "Keys at the top", settings: built.filter { $0.section == nil })
        return [top]
            + names.map { name in
                Section(title: "`\(name)`", settings: built.filter { $0.section == name })
            }
    }

    private static func section(_ section: Section) -> String {
        "## \(section.title)\n\n" + section.settings.map(entry).joined(separator: "\n")
    }

    private static func entry(_ setting: SettingDescription) -> String {
        [
            "### `\(setting.key)`", "", wrapped(setting.meaning), "",
            "- Default: \(setting.standard.isEmpty ? "none" : "`\(setting.standard)`")",
            wrapped("- Accepted: \(setting.expected)", indent: "  "),
            "- Environment: `\(setting.environmentName)`\(note(on: setting))", "",
        ].joined(separator: "\n")
    }

    private static func note(on setting: SettingDescription) -> String {
        switch setting.inEnvironment {
        case .asIs: ""
        case .json: " (JSON)"
        }
    }

    /// Lines of at most 100 characters, broken at spaces.
    private static func wrapped(_ text: String, indent: String = "") -> String {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.count + 1 + word.count > 100, !last.isEmpty {
                lines.append(indent + word)
            } else {
                lines[lines.count - 1] = last.isEmpty ? String(word) : last + " " + word
            }
        }
        return lines.joined(separator: "\n")
    }
}
