import HTTPTypes
import Hummingbird

/// The demo's front page: what is running here, and what to do with it.
struct DemoPage {
    let port: Int

    func answer() -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'",
            ],
            body: .init(byteBuffer: ByteBuffer(string: html))
        )
    }

    static func style() -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/css; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: css))
        )
    }

    private var html: String {
        let post = "curl -s -X POST -H 'Authorization: \(DemoStory.authorization)'"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Martlet, the demo</title>
            <link rel="stylesheet" href="/demo.css">
            </head>
            <body>
            <main>
            <h1>Martlet</h1>
            <p class="lead">An authorization server whose heart is the refresh token. This one is a
            demo: one user, one client, and nothing is kept.</p>

            <h2>What happens when a refresh token is stolen</h2>
            <ol class="story">
            <li><b>The user signs in.</b> The app gets refresh token 0. A thief copies it.</li>
            <li><b>The app refreshes.</b> Token 0 is used up; the app holds token 1.</li>
            <li class="reuse"><b>The thief uses token 0.</b> It was used before, so two hold it: the
            whole session ends.</li>
            <li class="over"><b>The app tries token 1.</b> Refused as well. The user signs in again,
            and the thief has nothing.</li>
            </ol>

            <h2>Try it</h2>
            <p>Sign in as <code>test</code> with the password <code>test</code>:</p>
            <pre tabindex="0"><code>\(post) \\
              -d 'grant_type=password&amp;username=test&amp;password=test' \\
              localhost:\(port)/oauth/token</code></pre>
            <p>Call the guarded API with the access token you got:</p>
            <pre tabindex="0"><code>curl -s -H 'Authorization: Bearer …' localhost:\(port)/secret</code></pre>
            <p>Refresh, then do it again with the same token:</p>
            <pre tabindex="0"><code>\(post) \\
              -d 'grant_type=refresh_token&amp;refresh_token=…' \\
              localhost:\(port)/oauth/token</code></pre>
            <p>What this server can do is listed in its
            <a href="/.well-known/openid-configuration">metadata</a>; its public keys are
            <a href="/oauth/jwks">here</a>.</p>
            </main>
            </body>
            </html>

            """
    }

    private static let css = """
        :root { color-scheme: light dark; --ink: #1d2733; --soft: #5a6775; --paper: #fbfaf7;
          --card: #fff; --line: #e2ded4; --accent: #1f5f8b; --red: #b3261e; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a5b0bb;
          --paper: #14181d; --card: #1c222a; --line: #303943; --accent: #7db8e0; --red: #ff8a80; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 17px/1.55 system-ui, sans-serif; }
        main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
        h1 { font-size: 2.2rem; margin: 0; letter-spacing: -.02em; }
        h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; }
        .lead { color: var(--soft); margin-top: .25rem; }
        pre { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
          padding: .9rem 1rem; overflow-x: auto; font-size: .85rem; }
        a { color: var(--accent); }
        .story { list-style: none; margin: 0; padding: 0 0 0 1.5rem; border-left: 3px solid
          var(--accent); }
        .story li { position: relative; padding: .35rem 0; }
        .story li::before { content: ""; position: absolute; left: -1.5rem; top: .85rem;
          width: .8rem; height: .8rem; border-radius: 50%; background: var(--accent);
          transform: translateX(calc(-50% - 1.5px)); }
        .story .reuse::before, .story .over::before { background: var(--red); }
        .story .reuse b { color: var(--red); }

        """
}
