import HTTPTypes
import Testing

@testable import MartletServer

@Suite("The pages' files")
struct AssetsEndpointTests {
    @Test("are served under their digests, to be kept for a year")
    func served() async throws {
        let assets = Assets(of: .standard, issuerPath: "")
        try await TestServer().test { caller in
            for asset in assets.all {
                let answer = try await caller.get(asset.path)
                #expect(answer.status == 200)
                #expect(answer.body == asset.bytes)
                #expect(answer.headers[.contentType] == asset.contentType)
                #expect(answer.headers[.cacheControl] == "public, max-age=31536000, immutable")
                #expect(answer.headers[.xContentTypeOptions] == "nosniff")
                #expect(answer.headers[.contentSecurityPolicy]?.contains("sandbox") == true)
            }
        }
    }

    @Test("a browser that finds nothing gets a page; a program gets JSON")
    func notFound() async throws {
        try await TestServer().test { caller in
            let page = try await caller.send(
                .get,
                "/nothing/<b>",
                headers: [.accept: "text/html,*/*;q=0.8", .acceptLanguage: "de"]
            )
            #expect(page.status == 404)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")
            #expect(String(decoding: page.body, as: UTF8.self).contains("Seite nicht gefunden"))
            let answer = try await caller.get("/nothing")
            #expect(answer.status == 404)
            #expect(answer.headers[.contentType] == "application/json")
        }
    }

    @Test("load nothing from elsewhere themselves")
    func selfContained() {
        for asset in Assets(of: .standard, issuerPath: "").all {
            let text = String(decoding: asset.bytes, as: UTF8.self)
            #expect(!text.contains("url(") && !text.contains("@import"))
            #expect(!text.contains("https://"))
        }
    }
}
