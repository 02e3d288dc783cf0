import AWS
import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// Who may work on an order, and what becomes of a run that may not any more.
@Suite struct LeaseTests {
    @Test func anOrderUnderWayIsLeftAlone() throws {
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
        arguments: [
            ["status": "Accepted", "attempt": 1, "tries": 0],
            ["status": "Activating", "leaseOwner": "dead", "leaseUntil": .milliseconds(.requestTime - 1)],
            // Given back, to be tried again.
            ["status": "Activating", "dueAt": .milliseconds(.requestTime + 1_000_000)],
        ] as [[String: JSON]])
    func anOrderThatNobodyHasIsTaken(_ item: [String: JSON]) throws {
        let harness = try ProvisioningHarness()
        try harness.aws.set("order#\(Seed.order)", item)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    /// A run that is killed leaves an order that is due when the run would have ended.
    @Test func theLeaseEndsWithTheInvocation() throws {
        let harness = try ProvisioningHarness()
        var taken: Table.Item?
        harness.network.after = { request, answer in
            if request.url.contains("/query") { taken = try? harness.aws.order(Seed.order) }
            return answer
        }
        try harness.run()
        #expect((taken?["status"], taken?["open"]) == ("Activating", "1"))
        // Lambda's retries keep the request id; the lease must not be theirs.
        #expect(taken?["leaseOwner"]?.string?.wholeMatch(of: /run-1\/\d+/) != nil)
        #expect(taken?["leaseUntil"]?.timestamp == .requestTime + 120_000)
        #expect(taken?["dueAt"]?.timestamp == .requestTime + 120_000)
        #expect(taken?["tries"] == 1)
    }

    /// The moment at which another run takes the order over, and what may still happen after it: reads, and what is
    /// harmless twice. AddOrder and AcceptOrder only when they were under way already.
    @Test(
        arguments: [
            ("GetClientsDetails", 0, 0), ("GetPayMethods", 0, 0), ("GetProducts", 0, 0), ("GetOrders", 0, 0),
            ("AddOrder", 1, 0), ("AcceptOrder", 1, 1),
        ] as [(String, Int, Int)])
    func whoLosesTheOrderStops(_ action: String, _ added: Int, _ accepted: Int) throws {
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

    /// It is found out only when the failure is to be written down; that is no failure of the invocation either, which
    /// Lambda would repeat.
    @Test(arguments: [Seed.closedClientOrder, Seed.order]) func whoLosesAFailingOrderStopsToo(_ id: String) throws {
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

    /// Without a ledger nothing can be known, so Lambda is to deliver the event again.
    @Test func withoutALedgerTheInvocationFails() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.action == "UpdateItem" ? .unreachable : nil }
        #expect(throws: AWSFailure.self) { try harness.run() }
        #expect(harness.whmcs.state.actions == [])
        #expect(harness.salesforce.state.requests == [])
    }

    @Test func anUnreadableOrderIsAnError() throws {
        let harness = try ProvisioningHarness()
        try harness.aws.set("order#\(Seed.order)", ["status": "Accepted", "addOrder": "perhaps"])
        #expect(throws: Ledger.Unreadable.self) { try harness.run() }
        #expect(harness.whmcs.state.actions == [])
    }

    /// The same event delivered again by Lambda, request id and all, while the first delivery is still at work.
    @Test func aDeliveryOfTheSameRequestIsAnotherRun() throws {
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

    /// What is being told of the failure could land after what the next run has to tell.
    @Test func aFailureThatIsBeingToldIsNotRequestedOver() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.tells("Failed") ? .unreachable : nil }
        try harness.run(Seed.closedClientOrder)
        try harness.waitUntilDue(Seed.closedClientOrder)
        var answer: Int?
        harness.network.before = { request in
            if request.tells("Failed"), answer == nil {
                answer = 202
                do { try harness.request(Seed.closedClientOrder, 2) } catch { answer = 503 }
            }
            return nil
        }
        #expect(try harness.run(Seed.closedClientOrder)["status"] == "Failed")
        #expect(answer == 503)
        harness.network.before = { _ in nil }
        try harness.request(Seed.closedClientOrder, 3)
        #expect(try harness.ledger(Seed.closedClientOrder).requestNumber == 2)
    }

    // MARK: Platform events

    @Test func aPlatformEventEntersAnUnknownOrder() throws {
        let harness = try ProvisioningHarness()
        #expect(try harness.runPlatformEvent("e-1")["status"] == "Provisioned")
        let order = try harness.ledger()
        #expect((order.requestNumber, order.attempts, order.platformEventID) == (1, 1, "e-1"))
    }

    @Test func aPlatformEventAfterAFailureIsANewAttemptAndItsDuplicateIsNot() throws {
        let harness = try ProvisioningHarness()
        let id = Seed.noPayMethodOrder
        #expect(try harness.runPlatformEvent("e-1", id)["status"] == "Failed")
        // EventBridge delivers at least once.
        harness.whmcs.addPayMethod(1236)
        #expect(try harness.runPlatformEvent("e-1", id)["status"] == "Failed")
        #expect(try harness.ledger(id).requestNumber == 1)
        // Nor is our own event, late, a new request.
        #expect(try harness.run(id)["status"] == "Failed")
        #expect(harness.salesforce.statusHistory(id) == ["Activating", "Failed"])
        #expect(try harness.runPlatformEvent("e-2", id)["status"] == "Provisioned")
        let order = try harness.ledger(id)
        #expect((order.requestNumber, order.attempts, order.platformEventID, order.errorCode) == (2, 1, "e-2", nil))
    }

    @Test func aPlatformEventOfBeforeTheFailureIsNoNewRequest() throws {
        let harness = try ProvisioningHarness()
        let id = Seed.noPayMethodOrder
        let early = harness.network.now
        #expect(try harness.runPlatformEvent("e-1", id)["status"] == "Failed")
        #expect(try harness.runPlatformEvent("e-0", id, at: early)["status"] == "Failed")
        #expect(try harness.ledger(id).requestNumber == 1)
    }
}
