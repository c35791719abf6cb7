import Foundation
import Testing

@testable import MartletServer

/// Writes every page in every language to .build/pages, for a person or a browser to look at.
@Suite("Pages to look at")
struct PageFilesTests {
    /// Found from where this very file was compiled, so the tests need no working directory.
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent(".build/pages")

    @Test("every page can be looked at in .build/pages")
    func write() throws {
        let site = PageSite.sample
        for asset in site.assets.all {
            try write(Data(asset.bytes), to: asset.path)
        }
        for language in Language.allCases {
            for sample in SamplePages.all {
                // A file is opened without a server: its paths count from where it lies.
                let html = sample.page.html(in: language, of: site)
                    .replacingOccurrences(of: "\"/assets/", with: "\"assets/")
                try write(Data(html.utf8), to: "/\(sample.name).\(language.rawValue).html")
            }
        }
        #expect(FileManager.default.fileExists(atPath: Self.folder.path))
    }

    private func write(_ content: Data, to path: String) throws {
        let file = Self.folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try content.write(to: file)
    }
}
