import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// Salesforce's platform events, which request an order without verify-signature.
@Suite struct PlatformEventTests {
    private let harness: ProvisioningHarness
    private let order = Seed.noPayMethodOrder

    init() throws {
        harness = try ProvisioningHarness()
    }

    @Test("A platform event enters an unknown order") func unknownOrder() throws {
        #expect(try harness.runPlatformEvent("e-1")["status"] == "Provisioned")
        let order = try harness.ledger()
        #expect((order.requestNumber, order.attempts, order.platformEventID) == (1, 1, "e-1"))
    }

    @Test("A platform event requests a Failed order again, and its duplicate does not") func failedOrder() throws {
        #expect(try harness.runPlatformEvent("e-1", order)["status"] == "Failed")
        harness.whmcs.addPayMethod(1236)
        // EventBridge delivers at least once.
        #expect(try harness.runPlatformEvent("e-1", order)["status"] == "Failed")
        #expect(try harness.ledger(order).requestNumber == 1)
        // A late event of the order bus is not a new request either.
        #expect(try harness.run(order)["status"] == "Failed")
        #expect(harness.salesforce.statusHistory(order) == ["Activating", "Failed"])
        #expect(try harness.runPlatformEvent("e-2", order)["status"] == "Provisioned")
        let again = try harness.ledger(order)
        #expect((again.requestNumber, again.attempts, again.platformEventID, again.errorCode) == (2, 1, "e-2", nil))
    }

    @Test("An event that was published twice is one request: its key says so") func publishedTwice() throws {
        #expect(try harness.runPlatformEvent("e-1", order, key: "k-1")["status"] == "Failed")
        harness.whmcs.addPayMethod(1236)
        #expect(try harness.runPlatformEvent("e-2", order, key: "k-1")["status"] == "Failed")
        #expect(try harness.runPlatformEvent("e-2", order, key: "k-2")["status"] == "Provisioned")
        #expect(try harness.ledger(order).platformEventID == "k-2")
    }

    @Test("Both doors at once order once") func bothDoors() throws {
        try harness.request()
        var isNested = false
        harness.network.before = { [harness] request in
            guard request.whmcsAction == "AddOrder", !isNested else { return nil }
            isNested = true
            #expect((try? harness.runPlatformEvent("e-1"))?["status"] == "Activating")
            return nil
        }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(try harness.runPlatformEvent("e-1", at: harness.network.now - 60_000)["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 1 && isNested)
    }

    @Test("A platform event from before the failure is not a new request") func olderEvent() throws {
        let early = harness.network.now
        #expect(try harness.runPlatformEvent("e-1", order)["status"] == "Failed")
        #expect(try harness.runPlatformEvent("e-0", order, at: early)["status"] == "Failed")
        #expect(try harness.ledger(order).requestNumber == 1)
    }

    /// The order queue delivers it again.
    @Test("A platform event during the report of a failure is not lost") func duringReport() throws {
        var isSecond = false
        harness.network.before = { request in
            guard request.reports("Failed"), !isSecond else { return nil }
            isSecond = true
            #expect(throws: Ledger.Contended.self) { try self.harness.runPlatformEvent("e-2", self.order) }
            return nil
        }
        #expect(try harness.runPlatformEvent("e-1", order)["status"] == "Failed")
        #expect(isSecond)
        harness.whmcs.addPayMethod(1236)
        #expect(try harness.runPlatformEvent("e-2", order, at: harness.network.now)["status"] == "Provisioned")
    }

    /// The run has died between its report and the ledger's.
    @Test("A platform event after a report that died is not lost") func afterDeadReport() throws {
        var isOver = false
        harness.network.before = { _ in isOver ? .unreachable : nil }
        harness.network.after = { request, answer in
            if request.reports("Failed") { isOver = true }
            return answer
        }
        _ = try? harness.runPlatformEvent("e-1", order)
        (harness.network.before, harness.network.after) = ({ _ in nil }, { $1 })
        try harness.waitUntilDue(order)
        let requestedAt = harness.network.now
        #expect(throws: Ledger.Contended.self) { try harness.runPlatformEvent("e-2", order, at: requestedAt) }
        // recover-orders publishes an event of the order bus.
        #expect(try harness.run(order)["status"] == "Failed")
        harness.whmcs.addPayMethod(1236)
        #expect(try harness.runPlatformEvent("e-2", order, at: requestedAt)["status"] == "Provisioned")
    }

    /// A relay that was repaired delivers up to three days of events again, with new ids.
    @Test("A platform event is dated by its payload, not by its delivery", arguments: [false, true])
    func redelivered(_ isText: Bool) throws {
        let created = harness.network.now
        #expect(try harness.runPlatformEvent("e-1", order)["status"] == "Failed")
        harness.whmcs.addPayMethod(1236)
        harness.network.now += 3 * 86_400_000
        let date: JSON = isText ? .string(created.iso8601) : .milliseconds(created)
        #expect(try harness.runPlatformEvent("e-2", order, created: date)["status"] == "Failed")
        #expect(try harness.ledger(order).requestNumber == 1)
        let now: JSON = isText ? .string((harness.network.now + 1).iso8601) : .milliseconds(harness.network.now + 1)
        #expect(try harness.runPlatformEvent("e-3", order, created: now)["status"] == "Provisioned")
    }

    @Test("A failure counts from its end, not from its report") func reportedLater() throws {
        harness.network.before = { $0.reports("Failed") ? .unreachable : nil }
        try harness.run(order)
        let requestedAt = harness.network.now + 1
        try harness.waitUntilDue(order)
        harness.network.before = { _ in nil }
        try harness.run(order)
        harness.whmcs.addPayMethod(1236)
        #expect(try harness.runPlatformEvent("e-1", order, at: requestedAt)["status"] == "Provisioned")
    }
}
