import AWS
import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// What a run leaves when it gives its order back.
@Suite struct ReleaseTests {
    @Test(
        "A release counts the attempt, unless an outage of all orders ended the run",
        arguments: [(true, 8), (false, 7)])
    func attempts(_ counts: Bool, _ attempts: Int) throws {
        let harness = try ProvisioningHarness()
        let item: [String: JSON] = [
            "status": "Activating", "open": "1", "tries": 8, "leaseOwner": "run", "leaseUntil": 1,
        ]
        try harness.aws.set("order#\(Seed.order)", item)
        let table = Table(harness.aws.table, harness.aws.account, .live())
        var lease = Lease(
            try harness.ledger(), owner: "run", ledger: Ledger(table, now: { Timestamp(milliseconds: 5) }))
        try lease.release(dueAt: Timestamp(milliseconds: 9), countsAsAttempt: counts)
        #expect(lease.order.attempts == attempts)
        let released = try harness.aws.order(Seed.order)
        #expect((released["tries"]?.integer, released["dueAt"]?.integer) == (attempts, 9))
        #expect((released["leaseOwner"], released["leaseUntil"]) == (nil, nil))
    }
}
