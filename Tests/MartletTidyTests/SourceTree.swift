import Foundation

/// The files of this clone, as the rules see them: what a person wrote, without build products.
struct SourceTree {
    let root: URL
    let files: [SourceFile]

    /// Found from where this very file was compiled, so the tests need no working directory.
    static let clone = SourceTree(root: rootOfClone())

    init(root: URL) {
        self.root = root
        files = Self.paths(below: root).compactMap { path in
            SourceFile(path: path, contentsOf: root.appendingPathComponent(path))
        }
    }

    init(root: URL, files: [SourceFile]) {
        self.root = root
        self.files = files
    }

    /// Swift files below any of `folders`.
    func swift(in folders: String...) -> [SourceFile] {
        files.filter { file in
            file.isSwift && folders.contains { file.path.hasPrefix($0 + "/") }
        }
    }

    func file(_ path: String) -> SourceFile? {
        files.first { $0.path == path }
    }

    func contains(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    private static func rootOfClone(from file: String = #filePath) -> URL {
        URL(fileURLWithPath: file)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    /// What git and the build put beside the sources.
    private static func isForeign(_ name: String) -> Bool {
        [".git", ".swiftpm", "Package.resolved", "__pycache__", "node_modules"].contains(name)
            || name == ".build" || name.hasPrefix(".build-") || name.hasPrefix(".build_")
    }

    private static func paths(below root: URL, inside folder: String = "") -> [String] {
        let place = folder.isEmpty ? root : root.appendingPathComponent(folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        return names.sorted().filter { !isForeign($0) }.flatMap { name -> [String] in
            let path = folder.isEmpty ? name : folder + "/" + name
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(
                atPath: root.appendingPathComponent(path).path,
                isDirectory: &isFolder
            )
            return isFolder.boolValue ? paths(below: root, inside: path) : [path]
        }
    }
}

/// One text file. Anything that is not UTF-8, or too large to have been written by hand, is none.
struct SourceFile {
    /// Relative to the root of the clone.
    let path: String
    let text: String

    private static let largestByHand = 1 << 20

    init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    init?(path: String, contentsOf url: URL) {
        guard let bytes = try? Data(contentsOf: url), bytes.count <= Self.largestByHand,
            !bytes.contains(0), let text = String(data: bytes, encoding: .utf8)
        else { return nil }
        self.init(path: path, text: text)
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isMarkdown: Bool { path.hasSuffix(".md") }

    var name: String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// `Sources/MartletCore/Grants/X.swift` belongs to `MartletCore`.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var lines: [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    var lineCount: Int {
        text.utf8.reduce(into: 0) { $0 += $1 == UInt8(ascii: "\n") ? 1 : 0 }
    }
}
