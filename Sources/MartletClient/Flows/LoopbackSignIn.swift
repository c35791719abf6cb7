#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Where a command-line or desktop app receives the answer of a sign-in: a port of 127.0.0.1 that is
/// open for that one answer (RFC 8252 §7.3).
public struct LoopbackRedirect: Sendable {
    /// The path of the registered redirect URI. Servers compare it, and let the port differ.
    public var path: String

    /// The port; 0 for any that is free. Servers that compare the port too want a fixed one.
    public var port: Int

    /// How long the person may take.
    public var patience: Duration

    /// What the browser shows when the answer is there, as HTML.
    public var closingPage: @Sendable (ClosingPage) -> String

    /// What a closing page is about.
    public enum ClosingPage: Sendable {
        /// The answer has a code.
        case done
        /// The answer has an error: the person said no, as a rule.
        case notDone
    }

    /// A redirect to a registered `http://127.0.0.1/callback`.
    ///
    /// - Parameters:
    ///   - path: The path of the registered redirect URI.
    ///   - port: The port; 0 for any that is free.
    ///   - patience: How long the person may take.
    ///   - closingPage: What the browser shows when the answer is there, as HTML.
    public init(
        path: String = "/callback",
        port: Int = 0,
        patience: Duration = .seconds(300),
        closingPage: @escaping @Sendable (ClosingPage) -> String = Self.standardPage
    ) {
        self.path = path
        self.port = port
        self.patience = patience
        self.closingPage = closingPage
    }

    /// The page that is shown unless the app has its own.
    @Sendable public static func standardPage(_ page: ClosingPage) -> String {
        let (title, text) =
            switch page {
            case .done: ("You can close this page", "The app has what it needs. Go back to it.")
            case .notDone: ("You are not signed in", "Go back to the app to try again.")
            }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title)</title>
            <style>
            :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
            body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
            main { padding: 2rem; text-align: center; max-width: 30rem; }
            h1 { font-size: 1.5rem; font-weight: 600; }
            </style>
            </head>
            <body><main><h1>\(title)</h1><p>\(text)</p></main></body>
            </html>
            """
    }
}

extension OAuthClient {
    #if os(Linux) || os(macOS)
        /// Signs a person in with the browser that they use anyway: opens it, waits for its answer on
        /// a port of this machine, and exchanges the code.
        ///
        /// - Parameters:
        ///   - options: What is asked for.
        ///   - redirect: Where the answer comes back to.
        ///   - open: Shows the person an address; by default in the system's browser.
        /// - Returns: The tokens; the ID token among them was checked.
        /// - Throws: ``ClientError``: ``ClientError/Code/denied`` if the person said no,
        ///   ``ClientError/Code/tookTooLong`` if nothing came back. `CancellationError` if the task
        ///   was cancelled.
        public func signInWithBrowser(
            _ options: SignInOptions = SignInOptions(),
            redirect: LoopbackRedirect = LoopbackRedirect(),
            open: @Sendable (URL) async throws -> Void = { try SystemBrowser.open($0) }
        ) async throws -> TokenSet {
            let listener = try LoopbackListener(port: redirect.port)
            let origin = "http://127.0.0.1:\(listener.port)"
            let request = try await signInRequest(redirectURI: origin + redirect.path, options)
            try await open(request.url)
            let target = try await answer(to: request, at: listener, origin, redirect)
            return try await finishSignIn(request, answer: origin + target)
        }

        private func answer(
            to request: SignInRequest,
            at listener: LoopbackListener,
            _ origin: String,
            _ redirect: LoopbackRedirect
        ) async throws -> String {
            let page = redirect.closingPage
            let sleep = surroundings.sleep
            return try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask {
                    try await listener.answer(
                        page: { target in
                            let code = try? request.code(in: origin + target)
                            return page(code == nil ? .notDone : .done)
                        },
                        where: { request.isAnswered(by: origin + $0) }
                    )
                }
                group.addTask {
                    try await sleep(redirect.patience)
                    return nil
                }
                defer { group.cancelAll() }
                guard let target = try await group.next() ?? nil else {
                    throw ClientError(.tookTooLong, "Nothing came back from the browser.")
                }
                return target
            }
        }
    #endif
}
