#if os(Linux) || os(macOS)
    import Dispatch

    #if canImport(FoundationEssentials)
        public import FoundationEssentials
    #else
        public import Foundation
    #endif

    #if canImport(Darwin)
        import Darwin
    #elseif canImport(Musl)
        import Musl
    #else
        import Glibc
    #endif

    /// The browser that the person uses anyway.
    public enum SystemBrowser {
        #if os(macOS)
            private static let program = "open"
        #else
            private static let program = "xdg-open"
        #endif

        /// Shows an address in it.
        ///
        /// - Parameter url: The address.
        /// - Throws: ``ClientError`` with ``ClientError/Code/unsupported`` if there is no program that
        ///   opens browsers: then show the person the address.
        public static func open(_ url: URL) throws {
            try start(program, [url.absoluteString])
        }

        /// Starts a program without a shell, its output thrown away, and takes note of its end.
        static func start(_ program: String, _ arguments: [String]) throws(ClientError) {
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            for (descriptor, mode) in [(0, O_RDONLY), (1, O_WRONLY), (2, O_WRONLY)] {
                posix_spawn_file_actions_addopen(&actions, Int32(descriptor), "/dev/null", mode, 0)
            }
            let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
            var process = pid_t()
            let status = withTexts([program] + arguments) { arguments in
                withTexts(environment) { environment in
                    posix_spawnp(&process, program, &actions, nil, arguments, environment)
                }
            }
            guard status == 0 else {
                throw ClientError(.unsupported, "There is no \(program) to open a browser with.")
            }
            let started = process
            DispatchQueue.global(qos: .utility).async {
                var end: Int32 = 0
                while waitpid(started, &end, 0) == -1, errno == EINTR {}
            }
        }

        /// Lends texts to C as an array that ends with nil.
        private static func withTexts<Value>(
            _ texts: [String],
            _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
        ) -> Value {
            let copies = texts.map { strdup($0) }
            defer { copies.forEach { free($0) } }
            var pointers = copies + [nil]
            return pointers.withUnsafeMutableBufferPointer { buffer in
                guard let first = buffer.baseAddress else {
                    preconditionFailure("the array has an end at least")
                }
                return body(first)
            }
        }
    }
#endif
