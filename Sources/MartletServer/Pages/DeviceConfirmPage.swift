import MartletCore

/// Asks whether the device that shows a code may be connected, and warns of codes that came from
/// somebody else (RFC 8628 §5.4).
struct DeviceConfirmPage: Page {
    let client: ClientCard
    let accountName: String
    /// As the device shows it.
    let userCode: String
    /// Where the device asked from, and what it calls itself.
    let device: Origin
    let scopes: [ScopeLine]
    let csrf: String
}

extension DeviceConfirmPage {
    var template: PageTemplate { .deviceConfirm }

    func title(in texts: Texts) -> String { texts[.deviceConfirmTitle] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        let scopes = scopes.map { $0.content(in: texts) }
        let page: PageContent = [
            "heading": title(in: texts),
            "lead": texts.sentence(
                .deviceConfirmLead,
                ["client": client.name.shown(), "account": accountName.shown()]
            ),
            "userCode": userCode,
            "device": texts.sentence(
                .deviceConfirmOrigin,
                [
                    "device": DeviceName(userAgent: device.userAgent).text(in: texts),
                    "address": device.address.shown(),
                ]
            ),
            "scopes": scopes,
            "hasScopes": !scopes.isEmpty,
            "action": surroundings.path(.deviceConfirm),
            "csrf": csrf,
        ]
        return page.merging(client.content(in: surroundings)) { own, _ in own }
    }
}
