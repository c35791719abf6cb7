import Foundation
import Hummingbird
import MartletCore

@testable import MartletServer

extension PageSite {
    static let sample = PageSite(issuerPath: "", branding: .standard)

    func surroundings(
        in language: Language,
        formTargets: [String] = []
    ) -> PageSurroundings {
        PageSurroundings(
            site: self,
            language: language,
            formTargets: formTargets,
            now: SamplePages.now
        )
    }
}

extension Page {
    func html(in language: Language = .english, of site: PageSite = .sample) -> String {
        PageTemplates.standard.html(of: self, in: site.surroundings(in: language))
    }
}
