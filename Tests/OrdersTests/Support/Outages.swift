import Basics
import HTTP
import TestSupport

@testable import AWS
@testable import Orders

extension ProvisioningHarness {
    /// The ledger, by a client that the tests' network does not see.
    var quietLedger: Ledger {
        Ledger(Table(aws.table, aws.account, .live()), now: { [network] in network.now })
    }

    func breaker(_ side: Side) throws -> Breaker { try Breakers(quietLedger)[side] }

    /// Opens a breaker until then, as five silent runs would have done a minute ago.
    func open(_ side: Side, until end: Timestamp) throws {
        var breakers = try Breakers(quietLedger)
        _ = try breakers.change(side) { _ in
            Breaker(
                failures: 5, failedAt: network.now - 60_000, openedAt: network.now - 60_000, openUntil: end,
                reason: "no answer")
        }
    }

    func isWHMCS(_ request: Request) -> Bool { !request.whmcsAction.isEmpty }
    func isSalesforce(_ request: Request) -> Bool { request.url.hasPrefix(salesforce.url) }

    /// Requests to either side, after the first `count` requests.
    func calls(since count: Int = 0) -> Int {
        network.requests.dropFirst(count).count { isWHMCS($0) || isSalesforce($0) }
    }

    /// The messages of all alerts.
    var alerts: [String] { log.lines.compactMap { $0["alert"]?["message"]?.string } }
}
