import AWS
import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// Which run may work on an order, and where a run stops that has lost its lease.
@Suite struct LeaseTests {
    @Test("An order under way is left to its run") func leased() throws {
        let harness = try ProvisioningHarness()
        try harness.aws.set(
            "order#\(Seed.order)",
            [
                "status": "Activating", "leaseOwner": "another", "leaseUntil": .milliseconds(.requestTime + 1),
                "dueAt": .milliseconds(.requestTime + 1), "open": "1", "tries": 1,
            ])
        let before = try harness.aws.order(Seed.order)
        let start = harness.network.requests.count
        #expect(try harness.run() == ["orderId": .string(Seed.order), "status": "Activating"])
        #expect(try harness.runPlatformEvent("e-1")["status"] == "Activating")
        #expect(harness.network.requests.dropFirst(start).map(\.action) == ["UpdateItem", "UpdateItem"])
        #expect(try harness.aws.order(Seed.order) == before)
        #expect(harness.log.messages == ["nothing to do", "nothing to do"])
    }

    @Test(
        "An order without a valid lease is taken",
        arguments: [
            ["status": "Accepted", "attempt": 1, "tries": 0],
            ["status": "Activating", "leaseOwner": "killed", "leaseUntil": .milliseconds(.requestTime - 1)],
            // Released, to be retried later.
            ["status": "Activating", "dueAt": .milliseconds(.requestTime + 1_000_000)],
        ] as [[String: JSON]])
    func free(_ item: [String: JSON]) throws {
        let harness = try ProvisioningHarness()
        try harness.aws.set("order#\(Seed.order)", item)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("The lease ends with the invocation, and the order is due then") func leaseTime() throws {
        let harness = try ProvisioningHarness()
        var taken: Table.Item?
        harness.network.after = { request, answer in
            if request.url.contains("/query") { taken = try? harness.aws.order(Seed.order) }
            return answer
        }
        try harness.run()
        #expect((taken?["status"], taken?["open"]) == ("Activating", "1"))
        // Lambda's retry of an event keeps the request id, and needs a lease of its own.
        #expect(taken?["leaseOwner"]?.string?.wholeMatch(of: /run-1\/[A-Za-z0-9_-]{22}/) != nil)
        #expect(taken?["leaseUntil"]?.timestamp == .requestTime + 120_000)
        #expect(taken?["dueAt"]?.timestamp == .requestTime + 120_000)
        #expect(taken?["tries"] == 1)
    }

    /// Reads and repeatable calls may follow the loss; AddOrder and AcceptOrder only when they were sent before it.
    @Test(
        "A run that loses its lease changes nothing more",
        arguments: [
            ("GetClientsDetails", 0, 0), ("GetPayMethods", 0, 0), ("GetProducts", 0, 0), ("GetOrders", 1, 0),
            ("AddOrder", 1, 0), ("AcceptOrder", 1, 1),
        ] as [(String, Int, Int)])
    func lost(_ action: String, _ added: Int, _ accepted: Int) throws {
        let harness = try ProvisioningHarness()
        var isLost = false
        harness.network.before = { request in
            if request.whmcsAction == action, !isLost {
                isLost = true
                try? harness.aws.set("order#\(Seed.order)", ["leaseOwner": "another"])
            }
            return nil
        }
        try harness.run()
        #expect(isLost)
        #expect((harness.count("AddOrder"), harness.count("AcceptOrder")) == (added, accepted))
        #expect(harness.salesforce.statusHistory(Seed.order) == ["Activating"])
        let order = try harness.aws.order(Seed.order)
        #expect((order["status"], order["leaseOwner"], order["open"]) == ("Activating", "another", "1"))
        #expect(order["errorCode"] == nil)
        #expect(harness.log.messages.contains("run aborted"))
    }

    /// The invocation succeeds: Lambda would retry it otherwise.
    @Test(
        "A failing run that loses its lease records no failure", arguments: [Seed.closedClientOrder, Seed.order])
    func lostWhileFailing(_ id: String) throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.maintenance, on: "GetPayMethods", times: 10)
        harness.network.before = { request in
            if request.whmcsAction == "GetClientsDetails" {
                try? harness.aws.set("order#\(id)", ["leaseOwner": "another"])
            }
            return nil
        }
        try harness.run(id)
        #expect(harness.salesforce.statusHistory(id) == ["Activating"])
        let order = try harness.aws.order(id)
        #expect((order["leaseOwner"], order["errorCode"]) == ("another", nil))
        #expect(harness.log.messages.last == "run aborted")
    }

    /// Lambda retries the event.
    @Test("The invocation fails without a ledger") func unreachableLedger() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.action == "UpdateItem" ? .unreachable : nil }
        #expect(throws: AWSFailure.self) { try harness.run() }
        #expect(harness.whmcs.state.actions == [])
        #expect(harness.salesforce.state.requests == [])
    }

    @Test("The invocation fails on an order that it cannot read") func unreadableOrder() throws {
        let harness = try ProvisioningHarness()
        try harness.aws.set("order#\(Seed.order)", ["status": "Accepted", "addOrder": "perhaps"])
        #expect(throws: Ledger.Unreadable.self) { try harness.run() }
        #expect(harness.whmcs.state.actions == [])
    }

    /// Both deliveries have the same request id.
    @Test("A second delivery of an event is another run") func secondDelivery() throws {
        let harness = try ProvisioningHarness()
        var other: JSON?
        harness.network.before = { request in
            guard request.whmcsAction == "GetProducts", other == nil else { return nil }
            other = .null
            other = try? harness.redeliver()
            return nil
        }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(other?["status"] == "Activating")
        #expect(harness.whmcsOrders().count == 1)
        #expect(harness.log.messages.contains("nothing to do"))
    }

    /// The report could land after the status of the next run.
    @Test("An order is not requested again while a run reports its failure") func requestWhileReporting() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.reports("Failed") ? .unreachable : nil }
        try harness.run(Seed.closedClientOrder)
        try harness.waitUntilDue(Seed.closedClientOrder)
        var answer: Int?
        harness.network.before = { request in
            if request.reports("Failed"), answer == nil {
                answer = 202
                do { try harness.request(2, Seed.closedClientOrder) } catch { answer = 503 }
            }
            return nil
        }
        #expect(try harness.run(Seed.closedClientOrder)["status"] == "Failed")
        #expect(answer == 503)
        harness.network.before = { _ in nil }
        try harness.request(3, Seed.closedClientOrder)
        #expect(try harness.ledger(Seed.closedClientOrder).requestNumber == 2)
    }
}
