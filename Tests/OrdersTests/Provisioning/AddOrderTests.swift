import Basics
import HTTP
import JSON
import Testbed
import Testing

@testable import Orders

/// AddOrder, which must not be sent twice, and whose answer can be lost.
@Suite struct AddOrderTests {
    /// A way in which AddOrder has no clear answer.
    struct Doubt: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fault: Fault?
        /// Instead of a fault of the simulator: what the network makes of the call.
        var lost: Result<Response, HTTPFailure>?
        var acts: Bool
    }

    static let doubts: [Doubt] = [
        Doubt(testDescription: "closed before acting", fault: .dropBeforeActing, acts: false),
        Doubt(testDescription: "closed after acting", fault: .actThenDrop, acts: true),
        Doubt(testDescription: "cut short", fault: .actThenTruncate, acts: true),
        Doubt(testDescription: "empty", fault: .actThenEmptyBody, acts: true),
        Doubt(testDescription: "HTML, 200", fault: .answer(200, "<html>", contentType: "text/html"), acts: false),
        Doubt(testDescription: "HTML, 503", fault: .maintenance, acts: false),
        Doubt(testDescription: "429", fault: .tooManyRequests, acts: false),
        Doubt(testDescription: "PHP's fatal error", fault: .actThenAnswer(500, "Fatal error"), acts: true),
        Doubt(testDescription: "no result", fault: .actThenAnswer(200, #"{"orderid":7}"#), acts: true),
        Doubt(testDescription: "no order id", fault: .actThenAnswer(200, #"{"result":"success"}"#), acts: true),
        Doubt(
            testDescription: "an encoding error",
            fault: .actThenAnswer(200, #"{"result":"error","message":"Error generating JSON encoded response"}"#),
            acts: true),
        Doubt(testDescription: "never", lost: .timedOut, acts: true),
    ]

    private static func arrange(_ doubt: Doubt, _ settings: [String: String] = [:]) throws -> ProvisioningHarness {
        let harness = try ProvisioningHarness(settings)
        if let fault = doubt.fault { harness.whmcs.failNext(fault, on: "AddOrder") }
        var isLost = false
        harness.network.after = { request, answer in
            guard let lost = doubt.lost, request.whmcsAction == "AddOrder", !isLost else { return answer }
            isLost = true
            return lost
        }
        try harness.request(Seed.order, 1)
        return harness
    }

    @Test(arguments: doubts) func withoutAClearAnswerNothingIsSentAgain(_ doubt: Doubt) throws {
        let harness = try Self.arrange(doubt)
        #expect(try harness.run()["status"] == "Activating")
        let order = try harness.ledger()
        #expect((order.addOrder, order.addOrderRequestNumber, order.addOrderAt) == (.sent, 1, .requestTime))
        #expect((order.whmcsOrderID, order.errorCode) == (nil, "WHMCS_UNAVAILABLE"))
        #expect(try harness.leaseUntil() == nil)
        #expect(harness.count("AddOrder") == 1)
        #expect(harness.field("Provisioning_Status__c") == "Activating")

        // The next run looks. What is there is taken over, and nothing else is sent.
        try harness.waitUntilDue()
        #expect(harness.network.now < .requestTime + 600_000)
        let status = try harness.run()["status"]
        #expect(harness.count("AddOrder") == 1)
        if doubt.acts {
            #expect(status == "Provisioned")
            #expect(harness.whmcsOrders().map(\.status) == ["Active"])
            #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().first.map { String($0.id) })
        } else {
            #expect(status == "Activating")
            // What is not there may still come: until the quiet time is over.
            #expect(try harness.ledger().dueAt == .requestTime + 600_000)
        }
    }

    private static let late = doubts[0]

    @Test func anOrderThatAppearsLateIsTakenOver() throws {
        let harness = try Self.arrange(Self.late)
        try harness.run()
        try harness.waitUntilDue()
        try harness.run()
        try harness.finishAddOrder()
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(harness.steps.suffix(3) == ["whmcs_create done", "whmcs_accept done", "sf_success_update done"])
    }

    private static let decide =
        "AddOrder was not answered. Look at the orders of WHMCS client 1234 for \"sfOrderId=\(Seed.order)\": if there is "
        + "none, request the order again; if there is one without this note, put the note there first"

    @Test func whatNeverAppearsIsForAPersonToDecide() throws {
        let harness = try Self.arrange(Self.late)
        try harness.run()
        try harness.runOut()
        let order = try harness.ledger()
        #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
        #expect(order.errorMessage == Self.decide)
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_OUTCOME_UNKNOWN")
        // All the steps fit into the field.
        #expect(harness.field("Provisioning_Error_Message__c") == .string(Self.decide))
        #expect(harness.count("AddOrder") == 1)
        #expect(harness.network.now >= .requestTime + 600_000)

        // The person has looked, and asks for it.
        try harness.request(Seed.order, 2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 2)
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(try harness.ledger().addOrderRequestNumber == 2)
    }

    // MARK: Once more

    /// Where the marker has been seen to come back, what does not show did not happen.
    @Test func onAProvenInstallItIsSentOnceMore() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try harness.request(Seed.order, 1)
        try harness.run()
        let sent = harness.network.now
        try harness.runOut()
        #expect(harness.network.now >= sent + 600_000, "not before WHMCS had time to finish the first one")
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(harness.count("AddOrder") == 3)
    }

    @Test func itIsNeverSentAThirdTime() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder", times: 5)
        try harness.request(Seed.order, 1)
        try harness.run()
        try harness.runOut()
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
        #expect(harness.whmcs.state.actions.count { $0 == "AddOrder" } == 3, "one for the other order, two for this")
    }

    /// An update of WHMCS may end what worked before.
    @Test func anInstallThatForgetsTheMarkerIsProvenNoMore() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.whmcs.configuration.dropsNotes = true
        let (another, _) = harness.salesforce.update { state in
            (state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.hosting)]), 0)
        }
        #expect(try harness.run(another)["status"] == "Provisioned")
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try harness.request(Seed.order, 1)
        try harness.run()
        try harness.runOut()
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
    }

    /// The order comes up while the pages are read that it is not in: the quiet time counts to before the look.
    @Test func whatComesUpDuringTheLookIsNotSentAgain() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try harness.request(Seed.order, 1)
        try harness.run()
        harness.network.now += 599_999
        harness.network.after = { request, answer in
            guard request.whmcsAction == "GetOrders" else { return answer }
            harness.network.after = { $1 }
            harness.network.now += 2
            try? harness.finishAddOrder()
            return answer
        }
        #expect(try harness.run()["status"] == "Activating")
        try harness.runOut()
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    /// The field of one product says nothing of the next product, which has none.
    @Test func aProofCountsOnlyForTheWayItCame() throws {
        let harness = try ProvisioningHarness(["WHMCS_MARKER_FIELD": "Salesforce Order"])
        harness.whmcs.configuration.dropsNotes = true
        harness.whmcs.update { state in
            for index in state.products.indices where state.products[index].pid == 186 {
                state.products[index].customFields = [:]
            }
        }
        let (marked, unmarked) = harness.salesforce.update { state in
            (
                state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.hosting)]),
                state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.setup)])
            )
        }
        #expect(try harness.run(marked)["status"] == "Provisioned")
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try harness.request(unmarked, 1)
        try harness.run(unmarked)
        try harness.runOut(unmarked)
        #expect(try harness.ledger(unmarked).errorCode == "WHMCS_OUTCOME_UNKNOWN")
    }

    /// A clear no is not the one sending more that a doubt is allowed.
    @Test func aClearNoUsesNothingUp() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(
            .answer(503, #"{"result":"error","message":"Too busy"}"#), on: "AddOrder")
        try harness.request(Seed.order, 1)
        try harness.run()
        #expect((try harness.ledger().addOrder, try harness.ledger().addOrderSends) == (.none, 0))
    }

    /// Killed after the ledger has chosen and before the other is cancelled: the choice stands, and is completed.
    @Test func aRunThatDiesBetweenTwoOrdersIsCompleted() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try harness.request(Seed.order, 1)
        try harness.run()
        var isDead = false
        harness.network.before = { request in
            if request.whmcsAction == "AddOrder" { try? harness.finishAddOrder() }
            if request.whmcsAction == "CancelOrder" { isDead = true }
            return isDead ? .lost : nil
        }
        while !isDead {
            try harness.waitUntilDue()
            _ = try? harness.run()
        }
        harness.network.before = { _ in nil }
        try harness.runOut()
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Active", "Cancelled"])
    }

    /// Slower than the quiet time: the first order shows when the second is made.
    @Test func aFirstOrderThatIsOnlyLateWinsOverTheSecond() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try harness.request(Seed.order, 1)
        try harness.run()
        harness.network.before = { request in
            if request.whmcsAction == "AddOrder" {
                harness.network.before = { _ in nil }
                try? harness.finishAddOrder()
            }
            return nil
        }
        try harness.runOut()
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Active", "Cancelled"])
        #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().first.map { String($0.id) })
    }

    /// The person found the order after all, and put the note there.
    @Test func whatAPersonMarkedIsTakenOver() throws {
        let harness = try Self.arrange(Self.late)
        try harness.run()
        try harness.runOut()
        try harness.finishAddOrder()
        try harness.request(Seed.order, 2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 2, "one by the program, one by the slow server")
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    struct Trouble: Sendable {
        var settings: [String: String] = [:]
        var arrange: @Sendable (ProvisioningHarness) -> Void
    }

    /// However an attempt ends: as long as AddOrder is in doubt, a person is told so, and not that it is safe to ask
    /// again.
    @Test(arguments: [
        // The last try is the one that was not answered.
        Trouble(settings: ["MAX_ATTEMPTS": "1"]) { _ in },
        // WHMCS does not answer any more.
        Trouble(settings: ["MAX_ATTEMPTS": "2"]) { $0.whmcs.failNext(.maintenance, on: "GetOrders", times: 10) },
        // WHMCS says a clear no, to something else.
        Trouble { $0.whmcs.configuration.permissions = ["AddOrder"] },
    ])
    func aDoubtOutlivesOtherTroubles(_ trouble: Trouble) throws {
        let harness = try Self.arrange(Self.late, trouble.settings)
        try harness.run()
        trouble.arrange(harness)
        try harness.runOut()
        let order = try harness.ledger()
        #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_OUTCOME_UNKNOWN")
        #expect(harness.field("Provisioning_Error_Message__c").string?.hasPrefix(Self.decide) == true)
        #expect(harness.count("AddOrder") == 1)
    }

    /// Whoever asks again at once has decided, and is heard when the quiet time is over: WHMCS may still be at work.
    @Test func askingAgainDoesNotShortenTheQuietTime() throws {
        let harness = try Self.arrange(Self.late, ["MAX_ATTEMPTS": "1"])
        try harness.run()
        #expect(try harness.ledger().status == .failed)
        try harness.request(Seed.order, 2)
        try harness.restart(["MAX_ATTEMPTS": "5"])
        try harness.run()
        #expect(harness.count("AddOrder") == 1)
        #expect(try harness.ledger().dueAt == .requestTime + 600_000)
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 2)
    }

    /// Refused is not in doubt.
    @Test func aClearNoLeavesNoDoubt() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.answer(200, #"{"result":"error","message":"Product is retired"}"#), on: "AddOrder")
        try harness.request(Seed.order, 1)
        #expect(try harness.run()["status"] == "Failed")
        let order = try harness.ledger()
        #expect((order.addOrder, order.errorCode) == (.none, "WHMCS_REJECTED"))
        #expect(order.errorMessage == "WHMCS refused AddOrder: Product is retired")
        // So it is sent at once when it is asked for again.
        try harness.request(Seed.order, 2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().count == 1)
    }

    /// WHMCS was never reached.
    @Test func whatWasNotReceivedIsNotInDoubt() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.whmcsAction == "AddOrder" ? .unreachable : nil }
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().addOrder == .none)
        harness.network.before = { _ in nil }
        try harness.waitUntilDue()
        #expect(harness.network.now < .requestTime + 600_000)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().count == 1)
    }

    /// It is written down before it is sent, on a connection of its own.
    @Test func theLedgerKnowsBeforeWHMCSDoes() throws {
        let harness = try ProvisioningHarness()
        var known: LedgerOrder?
        harness.network.before = { request in
            if request.whmcsAction == "AddOrder" { known = try? harness.ledger() }
            return nil
        }
        try harness.run()
        #expect(known?.addOrder == .sent)
        // A run that is killed now may have sent it up to its end.
        #expect(known?.addOrderAt ?? 0 >= .requestTime + 110_000)
        #expect(harness.network.requests.filter { $0.whmcsAction == "AddOrder" }.map(\.isIdempotent) == [false])
    }

    /// An answer that comes after the invocation is over would be thrown away.
    @Test func itIsNotSentWhenTimeIsShort() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { request in
            if request.whmcsAction == "GetProducts" { harness.network.now += 95_000 }
            return nil
        }
        #expect(try harness.run(time: 120_000)["status"] == "Activating")
        harness.network.before = { _ in nil }
        #expect(harness.count("AddOrder") == 0)
        #expect(try harness.ledger().addOrder == .none)
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
    }

    // MARK: Two orders

    @Test(arguments: [nil, "Salesforce Order"] as [String?])
    func ofTwoOrdersTheLowestWins(_ markerField: String?) throws {
        let harness = try ProvisioningHarness(markerField.map { ["WHMCS_MARKER_FIELD": $0] } ?? [:])
        harness.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        // With the field as well, notes may be forgotten.
        harness.whmcs.configuration.dropsNotes = markerField != nil
        try harness.run()
        for _ in 1...3 { try harness.finishAddOrder() }
        // Somebody accepted the last one: cancelling it would take a service away.
        harness.whmcs.update { $0.orders[2].status = "Active" }
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcs.state.orders.map(\.status) == ["Active", "Cancelled", "Active"])
        #expect(try harness.ledger().whmcsOrderID == harness.whmcs.state.orders[0].id)
        let alerts = harness.log.lines.filter { $0["message"] == "alert" }
        #expect(
            alerts.map { $0["alert"]?["message"] } == [
                .string("Duplicate WHMCS order 1007 (Pending): \(Seed.order)"),
                .string("Duplicate WHMCS order 1012 (Active): \(Seed.order)"),
            ])
        #expect(alerts.allSatisfy { $0["level"] == "ERROR" && $0["alert"]?["orderId"]?.string == Seed.order })
    }

    /// The client's other orders are none of ours, however many pages of them there are.
    @Test func ordersOfOthersAreNotTaken() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try harness.run(Seed.otherOrder)
        #expect(harness.whmcsOrders(Seed.otherOrder).count == 1)
        try harness.run()
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(harness.whmcsOrders(Seed.otherOrder).map(\.status) == ["Pending"])
    }

    /// A list that is not whole is no proof that the order is not in it.
    @Test func aListThatIsNotWholeProvesNothing() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.answer(200, #"{"result":"success","totalresults":9,"orders":""}"#), on: "GetOrders")
        #expect(try harness.run()["status"] == "Activating")
        #expect(harness.count("AddOrder") == 0)
        #expect(try harness.ledger().errorCode == "WHMCS_UNAVAILABLE")
    }

    // MARK: Reading back

    /// What WHMCS made is not what was ordered; nobody accepts that.
    @Test func anOrderWithOtherLinesIsNotAccepted() throws {
        let harness = try ProvisioningHarness()
        harness.network.after = { request, answer in
            if request.whmcsAction == "AddOrder" { harness.whmcs.update { _ = $0.services.removeLast() } }
            return answer
        }
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorCode == "PROVISIONING_ERROR")
        #expect(harness.count("AcceptOrder") == 0)
        // The operator finds it by its id.
        #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().first.map { String($0.id) })
    }

    @Test func anOrderOfAnotherClientIsNotAccepted() throws {
        let harness = try ProvisioningHarness()
        harness.network.after = { request, answer in
            if request.whmcsAction == "AddOrder" { harness.whmcs.update { $0.orders[0].clientId = 1236 } }
            return answer
        }
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorMessage?.hasSuffix("belongs to another client") == true)
        #expect(harness.count("AcceptOrder") == 0)
    }
}

/// A person's way out: cancel the order in WHMCS, and request again.
@Suite struct CancelledOrderTests {
    @Test func whoCancelsAndRequestsAgainGetsAnotherOrder() throws {
        let harness = try ProvisioningHarness()
        try harness.request(Seed.order, 1)
        harness.whmcs.failNext(.answer(200, #"{"result":"error","message":"Server Error"}"#), on: "AcceptOrder")
        try harness.run()
        let first = try #require(harness.whmcsOrders().first)
        harness.cancel(first.id)
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorCode == "WHMCS_REJECTED")

        try harness.request(Seed.order, 2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().map(\.status) == ["Cancelled", "Active"])
        let second = try #require(harness.whmcsOrders().last)
        #expect(try harness.ledger().whmcsOrderID == second.id)
        #expect(harness.field("WHMCS_Order_ID__c").string == String(second.id))
    }

    @Test func aCancelledOrderWithTheMarkerIsNotTakenOver() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try harness.request(Seed.order, 1)
        try harness.run()
        harness.cancel(try #require(harness.whmcsOrders().first).id)
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Activating")
        // Nobody but a person may order again, and nothing was.
        harness.network.now += 600_000
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
        #expect(harness.count("AddOrder") == 1)
    }
}

extension ProvisioningHarness {
    fileprivate func cancel(_ id: Int) {
        whmcs.update { state in
            for index in state.orders.indices where state.orders[index].id == id {
                state.orders[index].status = "Cancelled"
            }
        }
    }
}
