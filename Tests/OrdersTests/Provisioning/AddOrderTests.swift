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

    private static func arrange(_ doubt: Doubt, _ settings: [String: String] = [:]) throws -> Works {
        let works = try Works(settings)
        if let fault = doubt.fault { works.whmcs.failNext(fault, on: "AddOrder") }
        var isLost = false
        works.wire.after = { request, answer in
            guard let lost = doubt.lost, request.whmcsAction == "AddOrder", !isLost else { return answer }
            isLost = true
            return lost
        }
        try works.request(Seed.order, 1)
        return works
    }

    @Test(arguments: doubts) func withoutAClearAnswerNothingIsSentAgain(_ doubt: Doubt) throws {
        let works = try Self.arrange(doubt)
        #expect(try works.run()["status"] == "Activating")
        let order = try works.ledger()
        #expect((order.addOrder, order.addOrderAttempt, order.addOrderAt) == (.sent, 1, .clickTime))
        #expect((order.whmcsOrderID, order.errorCode, order.leaseUntil) == (nil, "WHMCS_UNAVAILABLE", 0))
        #expect(works.count("AddOrder") == 1)
        #expect(works.field("Provisioning_Status__c") == "Activating")

        // The next run looks. What is there is taken over, and nothing else is sent.
        try works.waitUntilDue()
        #expect(works.wire.now < .clickTime + 600_000)
        let status = try works.run()["status"]
        #expect(works.count("AddOrder") == 1)
        if doubt.acts {
            #expect(status == "Provisioned")
            #expect(works.whmcsOrders().map(\.status) == ["Active"])
            #expect(works.field("WHMCS_Order_ID__c").string == works.whmcsOrders().first.map { String($0.id) })
        } else {
            #expect(status == "Activating")
            // What is not there may still come: until the quiet time is over.
            #expect(try works.ledger().dueAt == .clickTime + 600_000)
        }
    }

    private static let late = doubts[0]

    @Test func anOrderThatAppearsLateIsTakenOver() throws {
        let works = try Self.arrange(Self.late)
        try works.run()
        try works.waitUntilDue()
        try works.run()
        try works.finishAddOrder()
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.whmcsOrders().map(\.status) == ["Active"])
        #expect(works.steps.suffix(3) == ["whmcs_create done", "whmcs_accept done", "sf_success_update done"])
    }

    private static let decide =
        "AddOrder was not answered. Look at the orders of WHMCS client 1234 for \"sfOrderId=\(Seed.order)\": if there is "
        + "none, request the order again; if there is one without this note, put the note there first"

    @Test func whatNeverAppearsIsForAPersonToDecide() throws {
        let works = try Self.arrange(Self.late)
        try works.run()
        try works.runOut()
        let order = try works.ledger()
        #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
        #expect(order.errorMessage == Self.decide)
        #expect(works.field("Provisioning_Error_Code__c") == "WHMCS_OUTCOME_UNKNOWN")
        // All the steps fit into the field.
        #expect(works.field("Provisioning_Error_Message__c") == .string(Self.decide))
        #expect(works.count("AddOrder") == 1)
        #expect(works.wire.now >= .clickTime + 600_000)

        // The person has looked, and asks for it.
        try works.request(Seed.order, 2)
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.count("AddOrder") == 2)
        #expect(works.whmcsOrders().map(\.status) == ["Active"])
        #expect(try works.ledger().addOrderAttempt == 2)
    }

    // MARK: Once more

    /// Where the marker has been seen to come back, what does not show did not happen.
    @Test func onAProvenInstallItIsSentOnceMore() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try works.request(Seed.order, 1)
        try works.run()
        let sent = works.wire.now
        try works.runOut()
        #expect(works.wire.now >= sent + 600_000, "not before WHMCS had time to finish the first one")
        #expect(try works.ledger().status == .provisioned)
        #expect(works.whmcsOrders().map(\.status) == ["Active"])
        #expect(works.count("AddOrder") == 3)
    }

    @Test func itIsNeverSentAThirdTime() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder", times: 5)
        try works.request(Seed.order, 1)
        try works.run()
        try works.runOut()
        #expect(try works.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
        #expect(works.whmcs.state.actions.count { $0 == "AddOrder" } == 3, "one for the other order, two for this")
    }

    /// An update of WHMCS may end what worked before.
    @Test func anInstallThatForgetsTheMarkerIsProvenNoMore() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        works.whmcs.install.dropsNotes = true
        let (another, _) = works.salesforce.update { state in
            (state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.hosting)]), 0)
        }
        #expect(try works.run(another)["status"] == "Provisioned")
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try works.request(Seed.order, 1)
        try works.run()
        try works.runOut()
        #expect(try works.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
    }

    /// The order comes up while the pages are read that it is not in: the quiet time counts to before the look.
    @Test func whatComesUpDuringTheLookIsNotSentAgain() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try works.request(Seed.order, 1)
        try works.run()
        works.wire.now += 599_999
        works.wire.after = { request, answer in
            guard request.whmcsAction == "GetOrders" else { return answer }
            works.wire.after = { $1 }
            works.wire.now += 2
            try? works.finishAddOrder()
            return answer
        }
        #expect(try works.run()["status"] == "Activating")
        try works.runOut()
        #expect(works.whmcsOrders().map(\.status) == ["Active"])
    }

    /// The field of one product says nothing of the next product, which has none.
    @Test func aProofCountsOnlyForTheWayItCame() throws {
        let works = try Works(["WHMCS_MARKER_FIELD": "Salesforce Order"])
        works.whmcs.install.dropsNotes = true
        works.whmcs.update { state in
            for index in state.products.indices where state.products[index].pid == 186 {
                state.products[index].customFields = [:]
            }
        }
        let (marked, unmarked) = works.salesforce.update { state in
            (
                state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.hosting)]),
                state.addOrder(account: Seed.account, lines: [Seed.Line(Seed.setup)])
            )
        }
        #expect(try works.run(marked)["status"] == "Provisioned")
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try works.request(unmarked, 1)
        try works.run(unmarked)
        try works.runOut(unmarked)
        #expect(try works.ledger(unmarked).errorCode == "WHMCS_OUTCOME_UNKNOWN")
    }

    /// A clear no is not the one sending more that a doubt is allowed.
    @Test func aClearNoUsesNothingUp() throws {
        let works = try Works()
        works.whmcs.failNext(
            .answer(503, #"{"result":"error","message":"Too busy"}"#), on: "AddOrder")
        try works.request(Seed.order, 1)
        try works.run()
        #expect((try works.ledger().addOrder, try works.ledger().addOrderSends) == (.none, 0))
    }

    /// Killed after the ledger has chosen and before the other is cancelled: the choice stands, and is completed.
    @Test func aRunThatDiesBetweenTwoOrdersIsCompleted() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try works.request(Seed.order, 1)
        try works.run()
        var isDead = false
        works.wire.before = { request in
            if request.whmcsAction == "AddOrder" { try? works.finishAddOrder() }
            if request.whmcsAction == "CancelOrder" { isDead = true }
            return isDead ? .lost : nil
        }
        while !isDead {
            try works.waitUntilDue()
            _ = try? works.run()
        }
        works.wire.before = { _ in nil }
        try works.runOut()
        #expect(try works.ledger().status == .provisioned)
        #expect(works.whmcsOrders().map(\.status) == ["Active", "Cancelled"])
    }

    /// Slower than the quiet time: the first order shows when the second is made.
    @Test func aFirstOrderThatIsOnlyLateWinsOverTheSecond() throws {
        let works = try Works()
        try works.run(Seed.otherOrder)
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        try works.request(Seed.order, 1)
        try works.run()
        works.wire.before = { request in
            if request.whmcsAction == "AddOrder" {
                works.wire.before = { _ in nil }
                try? works.finishAddOrder()
            }
            return nil
        }
        try works.runOut()
        #expect(try works.ledger().status == .provisioned)
        #expect(works.whmcsOrders().map(\.status) == ["Active", "Cancelled"])
        #expect(works.field("WHMCS_Order_ID__c").string == works.whmcsOrders().first.map { String($0.id) })
    }

    /// The person found the order after all, and put the note there.
    @Test func whatAPersonMarkedIsTakenOver() throws {
        let works = try Self.arrange(Self.late)
        try works.run()
        try works.runOut()
        try works.finishAddOrder()
        try works.request(Seed.order, 2)
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.count("AddOrder") == 2, "one by the program, one by the slow server")
        #expect(works.whmcsOrders().map(\.status) == ["Active"])
    }

    struct Trouble: Sendable {
        var settings: [String: String] = [:]
        var arrange: @Sendable (Works) -> Void
    }

    /// However an attempt ends: as long as AddOrder is in doubt, a person is told so, and not that it is safe to ask
    /// again.
    @Test(arguments: [
        // The last try is the one that was not answered.
        Trouble(settings: ["MAX_ATTEMPTS": "1"]) { _ in },
        // WHMCS does not answer any more.
        Trouble(settings: ["MAX_ATTEMPTS": "2"]) { $0.whmcs.failNext(.maintenance, on: "GetOrders", times: 10) },
        // WHMCS says a clear no, to something else.
        Trouble { $0.whmcs.install.permissions = ["AddOrder"] },
    ])
    func aDoubtOutlivesOtherTroubles(_ trouble: Trouble) throws {
        let works = try Self.arrange(Self.late, trouble.settings)
        try works.run()
        trouble.arrange(works)
        try works.runOut()
        let order = try works.ledger()
        #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
        #expect(works.field("Provisioning_Error_Code__c") == "WHMCS_OUTCOME_UNKNOWN")
        #expect(works.field("Provisioning_Error_Message__c").string?.hasPrefix(Self.decide) == true)
        #expect(works.count("AddOrder") == 1)
    }

    /// Whoever asks again at once has decided, and is heard when the quiet time is over: WHMCS may still be at work.
    @Test func askingAgainDoesNotShortenTheQuietTime() throws {
        let works = try Self.arrange(Self.late, ["MAX_ATTEMPTS": "1"])
        try works.run()
        #expect(try works.ledger().status == .failed)
        try works.request(Seed.order, 2)
        try works.restart(["MAX_ATTEMPTS": "5"])
        try works.run()
        #expect(works.count("AddOrder") == 1)
        #expect(try works.ledger().dueAt == .clickTime + 600_000)
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.count("AddOrder") == 2)
    }

    /// Refused is not in doubt.
    @Test func aClearNoLeavesNoDoubt() throws {
        let works = try Works()
        works.whmcs.failNext(.answer(200, #"{"result":"error","message":"Product is retired"}"#), on: "AddOrder")
        try works.request(Seed.order, 1)
        #expect(try works.run()["status"] == "Failed")
        let order = try works.ledger()
        #expect((order.addOrder, order.errorCode) == (.none, "WHMCS_REJECTED"))
        #expect(order.errorMessage == "WHMCS refused AddOrder: Product is retired")
        // So it is sent at once when it is asked for again.
        try works.request(Seed.order, 2)
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.whmcsOrders().count == 1)
    }

    /// WHMCS was never reached.
    @Test func whatWasNotReceivedIsNotInDoubt() throws {
        let works = try Works()
        works.wire.before = { $0.whmcsAction == "AddOrder" ? .unreachable : nil }
        #expect(try works.run()["status"] == "Activating")
        #expect(try works.ledger().addOrder == .none)
        works.wire.before = { _ in nil }
        try works.waitUntilDue()
        #expect(works.wire.now < .clickTime + 600_000)
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.whmcsOrders().count == 1)
    }

    /// It is written down before it is sent, on a connection of its own.
    @Test func theLedgerKnowsBeforeWHMCSDoes() throws {
        let works = try Works()
        var known: LedgerOrder?
        works.wire.before = { request in
            if request.whmcsAction == "AddOrder" { known = try? works.ledger() }
            return nil
        }
        try works.run()
        #expect(known?.addOrder == .sent)
        // A run that is killed now may have sent it up to its end.
        #expect(known?.addOrderAt ?? 0 >= .clickTime + 110_000)
        #expect(works.wire.requests.filter { $0.whmcsAction == "AddOrder" }.map(\.isIdempotent) == [false])
    }

    /// An answer that comes after the invocation is over would be thrown away.
    @Test func itIsNotSentWhenTimeIsShort() throws {
        let works = try Works()
        works.wire.before = { request in
            if request.whmcsAction == "GetProducts" { works.wire.now += 95_000 }
            return nil
        }
        #expect(try works.run(time: 120_000)["status"] == "Activating")
        works.wire.before = { _ in nil }
        #expect(works.count("AddOrder") == 0)
        #expect(try works.ledger().addOrder == .none)
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
    }

    // MARK: Two orders

    @Test(arguments: [nil, "Salesforce Order"] as [String?])
    func ofTwoOrdersTheLowestWins(_ markerField: String?) throws {
        let works = try Works(markerField.map { ["WHMCS_MARKER_FIELD": $0] } ?? [:])
        works.whmcs.failNext(.dropBeforeActing, on: "AddOrder")
        // With the field as well, notes may be forgotten.
        works.whmcs.install.dropsNotes = markerField != nil
        try works.run()
        for _ in 1...3 { try works.finishAddOrder() }
        // Somebody accepted the last one: cancelling it would take a service away.
        works.whmcs.update { $0.orders[2].status = "Active" }
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.whmcs.state.orders.map(\.status) == ["Active", "Cancelled", "Active"])
        #expect(try works.ledger().whmcsOrderID == works.whmcs.state.orders[0].id)
        let alerts = works.log.lines.filter { $0["message"] == "alert" }
        #expect(
            alerts.map { $0["alert"]?["message"]?.string } == [
                "WHMCS has two orders for one: 1007, which is Pending, is one too many",
                "WHMCS has two orders for one: 1012, which is Active, is one too many",
            ])
        #expect(alerts.allSatisfy { $0["level"] == "ERROR" && $0["alert"]?["orderId"]?.string == Seed.order })
    }

    /// The client's other orders are none of ours, however many pages of them there are.
    @Test func ordersOfOthersAreNotTaken() throws {
        let works = try Works()
        works.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try works.run(Seed.otherOrder)
        #expect(works.whmcsOrders(Seed.otherOrder).count == 1)
        try works.run()
        #expect(works.whmcsOrders().map(\.status) == ["Active"])
        #expect(works.whmcsOrders(Seed.otherOrder).map(\.status) == ["Pending"])
    }

    /// A list that is not whole is no proof that the order is not in it.
    @Test func aListThatIsNotWholeProvesNothing() throws {
        let works = try Works()
        works.whmcs.failNext(.answer(200, #"{"result":"success","totalresults":9,"orders":""}"#), on: "GetOrders")
        #expect(try works.run()["status"] == "Activating")
        #expect(works.count("AddOrder") == 0)
        #expect(try works.ledger().errorCode == "WHMCS_UNAVAILABLE")
    }

    // MARK: Reading back

    /// What WHMCS made is not what was ordered; nobody accepts that.
    @Test func anOrderWithOtherLinesIsNotAccepted() throws {
        let works = try Works()
        works.wire.after = { request, answer in
            if request.whmcsAction == "AddOrder" { works.whmcs.update { _ = $0.services.removeLast() } }
            return answer
        }
        #expect(try works.run()["status"] == "Failed")
        #expect(try works.ledger().errorCode == "PROVISIONING_ERROR")
        #expect(works.count("AcceptOrder") == 0)
        // The operator finds it by its id.
        #expect(works.field("WHMCS_Order_ID__c").string == works.whmcsOrders().first.map { String($0.id) })
    }

    @Test func anOrderOfAnotherClientIsNotAccepted() throws {
        let works = try Works()
        works.wire.after = { request, answer in
            if request.whmcsAction == "AddOrder" { works.whmcs.update { $0.orders[0].clientId = 1236 } }
            return answer
        }
        #expect(try works.run()["status"] == "Failed")
        #expect(try works.ledger().errorMessage?.hasSuffix("belongs to another client") == true)
        #expect(works.count("AcceptOrder") == 0)
    }
}

/// A person's way out: cancel the order in WHMCS, and request again.
@Suite struct CancelledOrderTests {
    @Test func whoCancelsAndRequestsAgainGetsAnotherOrder() throws {
        let works = try Works()
        try works.request(Seed.order, 1)
        works.whmcs.failNext(.answer(200, #"{"result":"error","message":"Server Error"}"#), on: "AcceptOrder")
        try works.run()
        let first = try #require(works.whmcsOrders().first)
        works.cancel(first.id)
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Failed")
        #expect(try works.ledger().errorCode == "WHMCS_REJECTED")

        try works.request(Seed.order, 2)
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.whmcsOrders().map(\.status) == ["Cancelled", "Active"])
        let second = try #require(works.whmcsOrders().last)
        #expect(try works.ledger().whmcsOrderID == second.id)
        #expect(works.field("WHMCS_Order_ID__c").string == String(second.id))
    }

    @Test func aCancelledOrderWithTheMarkerIsNotTakenOver() throws {
        let works = try Works()
        works.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try works.request(Seed.order, 1)
        try works.run()
        works.cancel(try #require(works.whmcsOrders().first).id)
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Activating")
        // Nobody but a person may order again, and nothing was.
        works.wire.now += 600_000
        #expect(try works.run()["status"] == "Failed")
        #expect(try works.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
        #expect(works.count("AddOrder") == 1)
    }
}

extension Works {
    fileprivate func cancel(_ id: Int) {
        whmcs.update { state in
            for index in state.orders.indices where state.orders[index].id == id {
                state.orders[index].status = "Cancelled"
            }
        }
    }
}
