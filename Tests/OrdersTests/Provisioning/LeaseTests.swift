import AWS
import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// Who may work on an order, and what becomes of a run that may not any more.
@Suite struct LeaseTests {
    @Test func anOrderUnderWayIsLeftAlone() throws {
        let works = try Works()
        try works.cloud.set(
            "order#\(Seed.order)",
            [
                "status": "Activating", "leaseOwner": "another", "leaseUntil": .milliseconds(.clickTime + 1),
                "dueAt": .milliseconds(.clickTime + 1), "open": "1", "tries": 1,
            ])
        let before = try works.cloud.order(Seed.order)
        let start = works.wire.requests.count
        #expect(try works.run() == ["orderId": .string(Seed.order), "status": "Activating"])
        #expect(try works.runPlatformEvent("e-1")["status"] == "Activating")
        #expect(works.wire.requests.dropFirst(start).map(\.action) == ["UpdateItem", "UpdateItem"])
        #expect(try works.cloud.order(Seed.order) == before)
        #expect(works.log.messages == ["nothing to do", "nothing to do"])
    }

    @Test(
        arguments: [
            ["status": "Accepted", "attempt": 1, "tries": 0],
            ["status": "Activating", "leaseOwner": "dead", "leaseUntil": .milliseconds(.clickTime - 1)],
            // Given back, to be tried again.
            ["status": "Activating", "dueAt": .milliseconds(.clickTime + 1_000_000)],
        ] as [[String: JSON]])
    func anOrderThatNobodyHasIsTaken(_ item: [String: JSON]) throws {
        let works = try Works()
        try works.cloud.set("order#\(Seed.order)", item)
        #expect(try works.run()["status"] == "Provisioned")
    }

    /// A run that is killed leaves an order that is due when the run would have ended.
    @Test func theLeaseEndsWithTheInvocation() throws {
        let works = try Works()
        var taken: Table.Item?
        works.wire.after = { request, answer in
            if request.url.contains("/query") { taken = try? works.cloud.order(Seed.order) }
            return answer
        }
        try works.run()
        #expect((taken?["status"], taken?["open"]) == ("Activating", "1"))
        // Lambda's retries keep the request id; the lease must not be theirs.
        #expect(taken?["leaseOwner"]?.string?.wholeMatch(of: /run-1\/\d+/) != nil)
        #expect(taken?["leaseUntil"]?.timestamp == .clickTime + 120_000)
        #expect(taken?["dueAt"]?.timestamp == .clickTime + 120_000)
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
        let works = try Works()
        var isLost = false
        works.wire.before = { request in
            if request.whmcsAction == action, !isLost {
                isLost = true
                try? works.cloud.set("order#\(Seed.order)", ["leaseOwner": "another"])
            }
            return nil
        }
        try works.run()
        #expect(isLost)
        #expect((works.count("AddOrder"), works.count("AcceptOrder")) == (added, accepted))
        #expect(works.salesforce.statusHistory(Seed.order) == ["Activating"])
        let order = try works.cloud.order(Seed.order)
        #expect((order["status"], order["leaseOwner"], order["open"]) == ("Activating", "another", "1"))
        #expect(order["errorCode"] == nil)
        #expect(works.log.messages.contains("stopped: another run has taken the order over"))
    }

    /// It is found out only when the failure is to be written down; that is no failure of the invocation either, which
    /// Lambda would repeat.
    @Test(arguments: [Seed.closedClientOrder, Seed.order]) func whoLosesAFailingOrderStopsToo(_ id: String) throws {
        let works = try Works()
        works.whmcs.failNext(.maintenance, on: "GetPayMethods", times: 10)
        works.wire.before = { request in
            if request.whmcsAction == "GetClientsDetails" {
                try? works.cloud.set("order#\(id)", ["leaseOwner": "another"])
            }
            return nil
        }
        try works.run(id)
        #expect(works.salesforce.statusHistory(id) == ["Activating"])
        let order = try works.cloud.order(id)
        #expect((order["leaseOwner"], order["errorCode"]) == ("another", nil))
        #expect(works.log.messages.last == "stopped: another run has taken the order over")
    }

    /// Without a ledger nothing can be known, so Lambda is to deliver the event again.
    @Test func withoutALedgerTheInvocationFails() throws {
        let works = try Works()
        works.wire.before = { $0.action == "UpdateItem" ? .unreachable : nil }
        #expect(throws: AWSFailure.self) { try works.run() }
        #expect(works.whmcs.state.actions == [])
        #expect(works.salesforce.state.requests == [])
    }

    @Test func anUnreadableOrderIsAnError() throws {
        let works = try Works()
        try works.cloud.set("order#\(Seed.order)", ["status": "Accepted", "addOrder": "perhaps"])
        #expect(throws: Ledger.Unreadable.self) { try works.run() }
        #expect(works.whmcs.state.actions == [])
    }

    /// The same event delivered again by Lambda, request id and all, while the first delivery is still at work.
    @Test func aDeliveryOfTheSameRequestIsAnotherRun() throws {
        let works = try Works()
        var other: JSON?
        works.wire.before = { request in
            guard request.whmcsAction == "GetProducts", other == nil else { return nil }
            other = .null
            other = try? works.redeliver()
            return nil
        }
        #expect(try works.run()["status"] == "Provisioned")
        #expect(other?["status"] == "Activating")
        #expect(works.whmcsOrders().count == 1)
        #expect(works.log.messages.contains("nothing to do"))
    }

    /// What is being told of the failure could land after what the next run has to tell.
    @Test func aFailureThatIsBeingToldIsNotRequestedOver() throws {
        let works = try Works()
        works.wire.before = { $0.tells("Failed") ? .unreachable : nil }
        try works.run(Seed.closedClientOrder)
        try works.waitUntilDue(Seed.closedClientOrder)
        var answer: Int?
        works.wire.before = { request in
            if request.tells("Failed"), answer == nil {
                answer = 202
                do { try works.request(Seed.closedClientOrder, 2) } catch { answer = 503 }
            }
            return nil
        }
        #expect(try works.run(Seed.closedClientOrder)["status"] == "Failed")
        #expect(answer == 503)
        works.wire.before = { _ in nil }
        try works.request(Seed.closedClientOrder, 3)
        #expect(try works.ledger(Seed.closedClientOrder).attempt == 2)
    }

    // MARK: Platform events

    @Test func aPlatformEventEntersAnUnknownOrder() throws {
        let works = try Works()
        #expect(try works.runPlatformEvent("e-1")["status"] == "Provisioned")
        let order = try works.ledger()
        #expect((order.attempt, order.tries, order.lastEvent) == (1, 1, "e-1"))
    }

    @Test func aPlatformEventAfterAFailureIsANewAttemptAndItsDuplicateIsNot() throws {
        let works = try Works()
        let id = Seed.noPayMethodOrder
        #expect(try works.runPlatformEvent("e-1", id)["status"] == "Failed")
        // EventBridge delivers at least once.
        works.whmcs.addPayMethod(1236)
        #expect(try works.runPlatformEvent("e-1", id)["status"] == "Failed")
        #expect(try works.ledger(id).attempt == 1)
        // Nor is our own event, late, a new request.
        #expect(try works.run(id)["status"] == "Failed")
        #expect(works.salesforce.statusHistory(id) == ["Activating", "Failed"])
        #expect(try works.runPlatformEvent("e-2", id)["status"] == "Provisioned")
        let order = try works.ledger(id)
        #expect((order.attempt, order.tries, order.lastEvent, order.errorCode) == (2, 1, "e-2", nil))
    }

    @Test func aPlatformEventOfBeforeTheFailureIsNoNewRequest() throws {
        let works = try Works()
        let id = Seed.noPayMethodOrder
        let early = works.wire.now
        #expect(try works.runPlatformEvent("e-1", id)["status"] == "Failed")
        #expect(try works.runPlatformEvent("e-0", id, at: early)["status"] == "Failed")
        #expect(try works.ledger(id).attempt == 1)
    }
}
