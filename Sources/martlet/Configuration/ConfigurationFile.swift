/// The file that holds the configuration, if there is one.
struct ConfigurationFile {
    /// As it was given, for messages.
    let name: String
    let path: String

    /// Taken from the working directory when nobody names another.
    static let standardName = "martlet.yaml"
    /// A thousand clients fit; a wrong file is refused before it fills the memory.
    static let maximumSize = 1 << 20

    /// Where relative paths in the file count from.
    var folder: String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    /// What `--config` names, else `MARTLET_CONFIG`, else `martlet.yaml` if it is there.
    static func find(
        named flag: String?,
        environment: [String: String],
        outside: ConfigurationPlace
    ) throws(ConfigurationError) -> ConfigurationFile? {
        if let name = flag ?? environment[ConfigurationEnvironment.file] {
            guard !name.isEmpty else {
                let source = flag == nil ? ConfigurationEnvironment.file : "--config"
                throw ConfigurationError("\(source) names no file; leave it out, or name one.")
            }
            return ConfigurationFile(name: name, path: outside.path(name))
        }
        let path = outside.path(standardName)
        return OpenFile.exists(at: path) ? ConfigurationFile(name: standardName, path: path) : nil
    }

    /// The value of the whole file, or nil if nothing stands in it.
    func read() throws(ConfigurationError) -> ConfigurationValue? {
        let name = name.printable
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try OpenFile(readingAt: path).bytes(atMost: Self.maximumSize)
        } catch {
            throw ConfigurationError("\(name) cannot be read: \(error.reason).")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("\(name) is not text in UTF-8.")
        }
        return try YAMLFile(name: name, folder: folder).read(text)
    }
}
