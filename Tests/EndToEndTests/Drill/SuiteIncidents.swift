import AWS
import Foundation
import JSON
import Testbed

/// AWS, a sender or a person fails.
extension Incident {
    static let poisonEvent = Incident(
        name: "poison-event", title: "an unreadable event and an event of an unknown order are on the order bus"
    ) { stage in
        let unknown = stage.harness.newOrder()
        stage.did(
            "both events arrive; 2 orders are requested behind them (five deliveries take no time here, an hour on AWS)"
        )
        try stage.testbed.putEvent(
            source: "salesforce.orders", detailType: "OrderProvisionRequested", detail: ["orderId": "not an id"])
        try stage.harness.publishEvent(of: unknown.order)
        let orders = try stage.click(2)
        try stage.pass(minutes: 1)
        stage.expectAlert("Unreadable event goes to the dead-letter queue")
        stage.expectAlert("Event of an unknown order goes to the dead-letter queue")
        stage.expectAlarm("order-dead-letters")
        try stage.expectProvisionedOnce(orders)
        stage.did("the 2 orders are Provisioned: the events hold nothing up")
        let letters = try stage.drainQueue(of: "order-dead-letters")
        stage.expect(letters.count == 2, "the dead-letter queue has \(letters.count) messages")
        stage.did("a person reads the \(letters.count) messages and deletes them")
        try stage.pass(minutes: 1)
        stage.expectAlarm("order-dead-letters", ended: true)
        stage.recovered(in: 0, by: "orders by themselves; a person deletes the messages")
        stage.expect(stage.harness.whmcsOrders(unknown.client).isEmpty, "the unknown order was provisioned")
    }

    static let busUnreachable = Incident(
        name: "bus-unreachable", title: "EventBridge does not answer at the moment of a click, and for 5 minutes"
    ) { stage in
        stage.did("the bus does not answer; 3 orders are requested, and each request gets 202")
        stage.cutOff(.events)
        let orders = try stage.click(3)
        try stage.pass(minutes: 5)
        stage.expectAlert("Failed to publish 3 due orders")
        stage.did("the bus answers again; nobody does anything")
        stage.connect()
        stage.recovered(in: try stage.pass(until: orders, settleWithin: 3), by: "by itself")
        stage.expect(stage.report.alarms.isEmpty, "an alarm rang: \(stage.report.alarms)")
        try stage.expectProvisionedOnce(orders)
    }

    static let secretRotated = Incident(
        name: "secret-rotated", title: "the webhook secret and the WHMCS credentials change while orders are under way"
    ) { stage in
        let (old, new) = (WebhookSigner(), WebhookSigner(secret: "5f0c2e7b9a41d6838e1b47c09d25fa63"))
        let running = try stage.click()
        try stage.pass(until: running, settleWithin: 2)
        stage.did("a person stores the new webhook secret above the old one, and waits a minute")
        try stage.harness.storeWebhookSecret("\(new.secret)\n\(old.secret)")
        stage.testbed.retireIdleProcesses()
        let both = try stage.click(signer: old) + stage.click(signer: new)
        try stage.pass(until: both, settleWithin: 2)
        stage.did("requests under either secret were accepted; the new secret is stored alone, and 5 minutes pass")
        try stage.harness.storeWebhookSecret(new.secret)
        stage.testbed.retireIdleProcesses()
        let (refused, _) = stage.harness.newOrder()
        let status = try stage.harness.fulfill(refused, signer: old).status
        stage.expect(status == 401, "a request under the old secret got \(status)")
        let last = try stage.click(signer: new)
        try stage.pass(until: last, settleWithin: 2)

        stage.did("WHMCS has new credentials; they are stored, and the old ones deleted while programs hold them")
        try stage.rotateWHMCSCredentials("second-secret")
        try stage.storeWHMCSCredentials("second-secret")
        let seamless = try stage.click(2, signer: new)
        try stage.pass(until: seamless, settleWithin: 2)
        stage.expectQuiet()

        stage.did("the wrong way round: WHMCS has new credentials, and nobody stores them; 3 orders are requested")
        try stage.rotateWHMCSCredentials("third-secret")
        let orders = try stage.click(3, signer: new)
        try stage.pass(minutes: 10)
        stage.expectAlert("WHMCS refuses the suite")
        stage.did("a person stores them, publishes all orders, and once more")
        try stage.storeWHMCSCredentials("third-secret")
        try stage.publishAll()
        try stage.pass(minutes: 1)
        try stage.publishAll()
        let minutes = try stage.pass(until: orders, settleWithin: 15)
        stage.recovered(in: minutes.map { $0 + 1 }, by: "by publishing all orders")
        let failed = try orders.filter { try stage.harness.ledger($0.id)["status"] == "Failed" }
        stage.expect(failed.count == 1, "\(failed.count) orders failed")
        for order in failed {
            try stage.expectFailed(order, "WHMCS_REJECTED")
            stage.did("\(order.id) is requested again")
            try stage.click(order.id, signer: new)
        }
        try stage.pass(until: failed, settleWithin: 5)
        try stage.expectProvisionedOnce(running + both + last + seamless + orders)
    }

    static let ledgerRestored = Incident(
        name: "ledger-restored", title: "the ledger is restored to a time before the last orders, and replayed"
    ) { stage in
        let whmcs = stage.testbed.whmcs
        let before = try stage.click(2)
        try stage.pass(until: before, settleWithin: 2)
        whmcs.failNext(.maintenance, on: "GetClientsDetails", times: .max)
        let open = try stage.click()
        try stage.settle()
        whmcs.clearFaults()
        stage.did("the state of the backup: 2 orders are Provisioned, 1 is open")
        let backup = try stage.harness.ledgerItems()
        try stage.pass(until: open, settleWithin: 5)
        let after = try stage.click(2)
        try stage.pass(until: after, settleWithin: 2)
        stage.did("after the backup the open order and 2 more are Provisioned")
        whmcs.failNext(.maintenance, times: .max)
        let waiting = try stage.click()
        try stage.pass(minutes: 1)
        stage.did("another order waits for WHMCS, which does not answer; then the table is lost")
        let orders = before + open + after
        let billed = whmcs.state.orders.count

        stage.did("a person disables the order queue's mapping and restores the backup")
        try stage.harness.restoreLedger(backup)
        whmcs.clearFaults()
        // Salesforce lost the write of one id, as when a run dies at the moment of the loss.
        let unnamed = after[1].id
        stage.name(nil, in: unnamed)
        let found = whmcs.state.orders.first { $0.notes.contains("sfOrderId=\(unnamed) ") }
        stage.did("one Salesforce order lacks its WHMCS order id: a person finds it by the notes and fills it in")
        stage.name(found?.id, in: unnamed)
        stage.did("a person enables the mapping and replays the archive")
        try stage.replay()
        let minutes = try stage.pass(until: orders + waiting, settleWithin: 5)
        stage.recovered(in: minutes, by: "by the replay; a person corrects 3 statuses")
        for order in open + after { try stage.expectFailed(order, "ORDER_NOT_PROVISIONABLE") }
        stage.expectOneWHMCSOrder(ofEach: orders + waiting)
        stage.expect(whmcs.state.orders.count == billed + 1, "WHMCS has \(whmcs.state.orders.count) orders")
        try stage.expectProvisionedOnce(before + waiting)
        stage.did("nothing is billed twice")
    }
}

extension DrillStage {
    /// In WHMCS: the old ones are valid no longer.
    fileprivate func rotateWHMCSCredentials(_ secret: String) throws {
        testbed.whmcs.configuration.secret = secret
    }

    fileprivate func storeWHMCSCredentials(_ secret: String) throws {
        let value: JSON = ["identifier": .string(testbed.whmcs.configuration.identifier), "secret": .string(secret)]
        let name = try testbed.resources.value(of: "WHMCS_CREDENTIALS_PARAMETER")
        try ParameterStore(harness.account, harness.http).put(
            name, String(decoding: value.bytes, as: UTF8.self), policies: [])
    }

    /// Writes the id of the WHMCS order into the Salesforce order.
    fileprivate func name(_ whmcsOrder: Int?, in order: String) {
        let id: JSON = .string(whmcsOrder.map(String.init))
        let record = testbed.salesforce.record("Order", order) ?? [:]
        testbed.salesforce.add("Order", id: order, record.merging(["WHMCS_Order_ID__c": id]) { $1 })
    }

    /// Replays all of the archive, as the runbook does for a day.
    fileprivate func replay() throws {
        let events = AWSService(
            name: "events", identifier: "EVENTBRIDGE", target: "AWSEvents", version: "1.1", account: harness.account,
            http: harness.http)
        let archive = try events.call("ListArchives", [:])["Archives"]?.array?.first
        let bus = archive?["EventSourceArn"]?.string ?? ""
        let region = bus.components(separatedBy: ":event-bus/")
        let arn = "\(region.first ?? ""):archive/\(archive?["ArchiveName"]?.string ?? "")"
        _ = try events.call(
            "StartReplay",
            [
                "ReplayName": "drill", "EventSourceArn": .string(arn), "Destination": ["Arn": .string(bus)],
                "EventStartTime": 0, "EventEndTime": 4_000_000_000,
            ])
    }
}
