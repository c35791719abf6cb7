import Testing

@testable import MartletServer

@Suite("The name of a device")
struct DeviceNameTests {
    private static let webKit = "AppleWebKit/537.36 (KHTML, like Gecko)"

    @Test(
        "is the program and the system that the user agent tells of",
        arguments: [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows"
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) \(webKit) Chrome/138.0.0.0 Safari/537.36",
                "Chrome on Linux"
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) \(webKit) Chrome/138.0.0.0 Safari/537.36 Edg/138.0",
                "Edge on Windows"
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like"
                    + " Gecko) Version/18.5 Safari/605.1.15", "Safari on macOS"
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
                    + " (KHTML, like Gecko) CriOS/138.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone"
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-S918B) \(webKit) SamsungBrowser/25.0"
                    + " Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet on Android"
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) \(webKit) Version/4.0 Chrome/138.0"
                    + " Mobile Safari/537.36", "Android"
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) \(webKit) Chrome/138.0.0.0 Safari/537.36",
                "Chrome on ChromeOS"
            ),
            ("Photos/3.1 (iPhone; iOS 18.5)", "Photos on iPhone"),
            ("Photos%20App/12 CFNetwork/1410.1 Darwin/22.6.0", "Photos%20App"),
            ("curl/8.5.0", "curl"), ("okhttp/4.12.0", "okhttp"),
            ("Mozilla/5.0", "Unknown device"), ("", "Unknown device"), ("/1.0", "Unknown device"),
            ("\u{202E}evil\n/1", "evil"),
        ]
    )
    func name(userAgent: String, name: String) {
        #expect(DeviceName(userAgent: userAgent).text(in: Texts(.english)) == name)
    }

    @Test("is told in the reader's language")
    func german() {
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        #expect(DeviceName(userAgent: agent).text(in: Texts(.german)) == "Firefox unter Linux")
        #expect(DeviceName(userAgent: "").text(in: Texts(.german)) == "Unbekanntes Gerät")
    }

    @Test("is bounded, however long a program's name is")
    func bound() {
        let name = DeviceName(userAgent: String(repeating: "a", count: 10_000)).program
        #expect((name ?? "").count <= 41)
    }
}
