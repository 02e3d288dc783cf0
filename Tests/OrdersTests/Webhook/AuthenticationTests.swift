import AWS
import Basics
import Lambda
import TestSupport
import Testing

@testable import Orders

/// What verify-signature and order-status check alike.
@Suite struct AuthenticationTests {
    private static func authentication(now: Timestamp) -> Authentication {
        var environment = Environment(["SF_WEBHOOK_SECRET_PARAMETER": "/s"])
        let settings = Authentication.Settings(&environment)
        return Authentication(
            settings: settings, parameters: ParameterCache(),
            store: ParameterStore(Account([:]), FakeHTTPClient([]).client), now: { now }, log: Log(write: { _ in }))
    }

    private static let zoneHint = "; it looks like local time marked as UTC: use formatGmt in Apex"

    @Test("A timestamp within the tolerance is accepted", arguments: [0, 299_999, 300_000, -300_000] as [Int])
    func tolerance(_ skew: Milliseconds) throws {
        try Self.authentication(now: .requestTime - skew).checkTime(.requestTime)
    }

    /// The first value is how far the sender's clock is ahead, in s.
    @Test(
        "A stale timestamp is refused with its skew",
        arguments: [
            (301, "5 min ahead of", false),
            (-301, "5 min behind", false),
            (-600, "10 min behind", false),
            (600, "10 min ahead of", false),
            (3600, "60 min ahead of", true),
            (-3600, "60 min behind", true),
            (19_800, "330 min ahead of", true),
            (-20_700 + 45, "344 min behind", true),
            (3600 - 50, "59 min ahead of", true),
            // Half way between two zones: a wrong clock.
            (4050, "68 min ahead of", false),
            (86_400 * 365, "525600 min ahead of", true),
        ] as [(Int, String, Bool)])
    func stale(_ skew: Int, _ words: String, _ looksLikeZone: Bool) throws {
        let detail = "timestamp is \(words) this server's clock" + (looksLikeZone ? Self.zoneHint : "")
        let authentication = Self.authentication(now: .requestTime - skew * 1000)
        #expect(throws: ProblemDetails(401, "STALE_TIMESTAMP", detail)) {
            try authentication.checkTime(.requestTime)
        }
    }
}
