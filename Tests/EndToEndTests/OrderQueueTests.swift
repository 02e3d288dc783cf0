import Foundation
import JSON
import Testbed
import Testing

/// The order queue between the buses and provision-order.
@Suite struct OrderQueueTests {
    @Test("Orders at once never have more runs at once than WhmcsConcurrency")
    func limitsTheRuns() throws {
        let harness = try EndToEndHarness { $0.parameters["WhmcsConcurrency"] = "3" }
        defer { harness.testbed.stop() }
        let orders = (0..<12).map { _ in harness.newOrder().order }
        _ = try Parallel.map(orders) { order in try harness.fulfill(order) }
        for order in orders { #expect(try harness.wait(order)["status"] == "Provisioned") }
        // A process is kept, and another starts only while all are at work.
        #expect(try harness.testbed.function("provision-order").processIDs.count == 3)
        #expect(harness.testbed.whmcs.state.orders.count { $0.status == "Active" } == orders.count)
    }

    /// Nothing but the message knows the order.
    @Test("The queue delivers the message of a killed run again")
    func deliversAgainAfterAKill() throws {
        let faultProxy = FaultProxy()
        let harness = try EndToEndHarness { $0.faultProxy = faultProxy }
        defer { harness.testbed.stop() }
        faultProxy.reset { call in
            call.program == "provision-order" && call.action == "UpdateItem" && call.run == 1 ? .killedBefore : nil
        }
        let (order, client) = harness.newOrder()
        try harness.testbed.relay(PlatformEvent(orderId: order))
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(faultProxy.injections.count == 1)
        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
    }

    @Test("A malformed event goes to the dead-letter queue, with one alert")
    func deadLettersAMalformedEvent() throws {
        let harness = try EndToEndHarness()
        defer { harness.testbed.stop() }
        try harness.testbed.putEvent(
            source: "salesforce.orders", detailType: "OrderProvisionRequested", detail: ["orderId": "not an id"])
        let queue = try #require(try harness.orderQueue.deadLetterQueueUrl)
        let letters = try harness.poll("dead letter") {
            let letters = try harness.testbed.drain(queue: queue)
            return letters.isEmpty ? nil : letters
        }
        #expect(letters.map { $0["detail"]?["orderId"] } == ["not an id"])
        let log = harness.log("provision-order")
        #expect(log.count { $0["message"] == "message failed" && $0["errorType"] == "MalformedEvent" } == 5)
        #expect(log.count { $0["message"] == "alert" } == 1)
    }
}
