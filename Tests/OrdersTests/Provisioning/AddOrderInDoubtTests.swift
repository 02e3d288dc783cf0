import Basics
import HTTP
import JSON
import Testbed
import Testing

@testable import Orders

/// An AddOrder without a clear answer: WHMCS may have carried it out, may still do so, or never will.
@Suite struct AddOrderInDoubtTests {
    /// A way in which WHMCS gives no clear answer.
    struct UnclearAnswer: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fault: Fault?
        /// Replaces WHMCS's answer, when the fault is not the simulator's.
        var replacement: Result<Response, HTTPFailure>?
        var isCarriedOut: Bool
    }

    static let unclearAnswers: [UnclearAnswer] = [
        UnclearAnswer(testDescription: "closed before acting", fault: .dropBeforeActing, isCarriedOut: false),
        UnclearAnswer(testDescription: "closed after acting", fault: .actThenDrop, isCarriedOut: true),
        UnclearAnswer(testDescription: "truncated", fault: .actThenTruncate, isCarriedOut: true),
        UnclearAnswer(testDescription: "empty", fault: .actThenEmptyBody, isCarriedOut: true),
        UnclearAnswer(
            testDescription: "HTML, 200", fault: .answer(200, "<html>", contentType: "text/html"), isCarriedOut: false),
        UnclearAnswer(testDescription: "HTML, 503", fault: .maintenance, isCarriedOut: false),
        UnclearAnswer(testDescription: "429", fault: .tooManyRequests, isCarriedOut: false),
        UnclearAnswer(testDescription: "fatal error", fault: .actThenAnswer(500, "Fatal error"), isCarriedOut: true),
        UnclearAnswer(testDescription: "no result", fault: .actThenAnswer(200, #"{"orderid":7}"#), isCarriedOut: true),
        UnclearAnswer(
            testDescription: "no order id", fault: .actThenAnswer(200, #"{"result":"success"}"#), isCarriedOut: true),
        UnclearAnswer(
            testDescription: "encoding error",
            fault: .actThenAnswer(200, #"{"result":"error","message":"Error generating JSON encoded response"}"#),
            isCarriedOut: true),
        UnclearAnswer(
            testDescription: "error of PHP in JSON",
            fault: .actThenAnswer(500, #"{"result":"error","message":"Client ID Not Found"}"#), isCarriedOut: true),
        UnclearAnswer(testDescription: "timeout", replacement: .timedOut, isCarriedOut: true),
    ]

    @Test("AddOrder is not resent after an unclear answer", arguments: unclearAnswers)
    func unclearAnswer(_ unclear: UnclearAnswer) throws {
        let harness = try ProvisioningHarness()
        if let fault = unclear.fault { harness.whmcs.failNext(fault, on: "AddOrder") }
        harness.network.after = { request, answer in
            guard let replacement = unclear.replacement, request.whmcsAction == "AddOrder" else { return answer }
            harness.network.after = { $1 }
            return replacement
        }
        try harness.request()
        #expect(try harness.run()["status"] == "Activating")
        let order = try harness.ledger()
        #expect((order.addOrder, order.addOrderRequestNumber, order.addOrderAt) == (.sent, 1, .requestTime))
        #expect((order.whmcsOrderID, order.errorCode) == (nil, "WHMCS_UNAVAILABLE"))
        #expect(try harness.leaseUntil() == nil)
        #expect(harness.count("AddOrder") == 1)
        #expect(harness.field("Provisioning_Status__c") == "Activating")

        let status = try harness.runWhenDue()["status"]
        #expect(harness.network.now < .requestTime + 600_000)
        #expect(harness.count("AddOrder") == 1)
        if unclear.isCarriedOut {
            #expect(status == "Provisioned")
            #expect(harness.whmcsOrders().map(\.status) == ["Active"])
            #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().first.map { String($0.id) })
        } else {
            #expect(status == "Activating")
            // WHMCS may create the order until the quiet time is over.
            #expect(try harness.ledger().dueAt == .requestTime + 600_000)
        }
    }

    @Test("A request that ended in doubt keeps its code while the ledger fails during the report")
    func doubtOutlivesReport() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        // The decision gets through, and what is written before the report does not.
        harness.network.before = { request in
            request.action == "UpdateItem" && request.text.contains("lateUntil") ? .unreachable : nil
        }
        while try harness.ledger().step != .failureUpdate { _ = try? harness.runWhenDue() }
        #expect(try harness.runWhenDue()["status"] == "Activating")
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Failed")
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_OUTCOME_UNKNOWN")
    }

    @Test("An order that appears within the quiet time is adopted") func lateOrder() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        try harness.runWhenDue()
        try harness.carryOutAddOrderLate()
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(harness.steps.suffix(4) == ProvisioningRunTests.allSteps.suffix(4))
    }

    private static func instructions(_ harness: ProvisioningHarness) throws -> String {
        "AddOrder was not answered. In WHMCS client 1234, look for an order with the note "
            + "\"sfOrderId=\(Seed.order) ref=\(try harness.ledger().markerReference ?? "")\". None: request again. "
            + "One that fits, without the note: add it, then request again"
    }

    @Test("An order that never appears waits for a person") func missingOrder() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        try harness.runWhileDue()
        let order = try harness.ledger()
        #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
        #expect(order.errorMessage == (try Self.instructions(harness)))
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_OUTCOME_UNKNOWN")
        // The instructions fit into the field as a whole.
        #expect(harness.field("Provisioning_Error_Message__c") == .string(try Self.instructions(harness)))
        #expect(harness.count("AddOrder") == 1)
        #expect(harness.network.now >= .requestTime + 600_000)

        // The person found no order, and requests it again.
        try harness.request(2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 2)
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(try harness.ledger().addOrderRequestNumber == 2)
    }

    @Test("An order that a person marked is adopted") func markedByHand() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        try harness.runWhileDue()
        try harness.carryOutAddOrderLate()
        try harness.request(2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 2, "one by the program, one by the slow server")
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    struct LaterFailure: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var settings: [String: String] = [:]
        var arrange: @Sendable (ProvisioningHarness) -> Void
    }

    /// Any other code would say that a new request is safe.
    @Test(
        "AddOrder in doubt outlives later failures",
        arguments: [
            LaterFailure(testDescription: "no attempt is left", settings: ["MAX_ATTEMPTS": "1"]) { _ in },
            LaterFailure(testDescription: "WHMCS does not answer", settings: ["MAX_ATTEMPTS": "2"]) {
                $0.whmcs.failNext(.maintenance, on: "GetOrders", times: 10)
            },
            LaterFailure(testDescription: "WHMCS refuses another call") {
                $0.whmcs.configuration.permissions = ["AddOrder"]
            },
        ])
    func outlivesLaterFailures(_ failure: LaterFailure) throws {
        let harness = try ProvisioningHarness(failure.settings)
        try harness.loseAddOrder()
        failure.arrange(harness)
        try harness.runWhileDue()
        let order = try harness.ledger()
        #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_OUTCOME_UNKNOWN")
        #expect(
            harness.field("Provisioning_Error_Message__c").string?.hasPrefix(try Self.instructions(harness)) == true)
        #expect(harness.count("AddOrder") == 1)
        #expect(harness.network.now >= .requestTime + 600_000, "a person may act on it at once")
    }

    @Test("An order that appears after the last attempt is still adopted") func lastAttempt() throws {
        let harness = try ProvisioningHarness(["MAX_ATTEMPTS": "1"])
        harness.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try harness.request()
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().dueAt == .requestTime + 600_000)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 1)
    }

    @Test("A new request does not shorten the quiet time") func requestWithinQuietTime() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        try harness.runWhileDue()
        #expect(try harness.ledger().status == .failed)
        try harness.request(2)
        let ended = harness.network.now
        // The setting has become longer since.
        try harness.restart(["WHMCS_QUIET_TIME": "3600"])
        try harness.run()
        #expect(harness.count("AddOrder") == 1)
        #expect(try harness.ledger().dueAt == .requestTime + 3_600_000)
        #expect(ended < .requestTime + 3_600_000)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 2)
    }
}

/// An AddOrder with a clear outcome.
@Suite struct AddOrderTests {
    @Test("A refused AddOrder is not in doubt") func refused() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.answer(200, #"{"result":"error","message":"Product is retired"}"#), on: "AddOrder")
        try harness.request()
        #expect(try harness.run()["status"] == "Failed")
        let order = try harness.ledger()
        #expect((order.addOrder, order.errorCode) == (.none, "WHMCS_REJECTED"))
        #expect(order.errorMessage == "WHMCS refused AddOrder: Product is retired")
        // So a new request sends it at once.
        try harness.request(2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().count == 1)
    }

    @Test("An AddOrder that WHMCS never received is not in doubt") func notReceived() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.whmcsAction == "AddOrder" ? .unreachable : nil }
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.ledger().addOrder == .none)
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.network.now < .requestTime + 600_000)
        #expect(harness.whmcsOrders().count == 1)
    }

    @Test("The ledger records AddOrder before it is sent, and it is sent once") func recordedFirst() throws {
        let harness = try ProvisioningHarness()
        var known: LedgerOrder?
        harness.network.before = { request in
            if request.whmcsAction == "AddOrder" { known = try? harness.ledger() }
            return nil
        }
        try harness.run()
        #expect(known?.addOrder == .sent)
        // A run that is killed now may have sent AddOrder until its end.
        #expect(known?.addOrderAt ?? 0 >= .requestTime + 110_000)
        #expect(harness.network.requests.filter { $0.whmcsAction == "AddOrder" }.map(\.isIdempotent) == [false])
    }

    @Test("AddOrder is not sent when its answer could come after the invocation") func tooLate() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { request in
            if request.whmcsAction == "GetProducts" { harness.network.now += 95_000 }
            return nil
        }
        #expect(try harness.run(time: 120_000)["status"] == "Activating")
        harness.network.before = { _ in nil }
        #expect(harness.count("AddOrder") == 0)
        #expect(try harness.ledger().addOrder == .none)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    /// As in a ledger that was restored to the time between the plan and AddOrder.
    @Test("An order that Salesforce names is not ordered by a plan of an earlier run") func planOfEarlierRun() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { request in
            if request.whmcsAction == "GetProducts" { harness.network.now += 95_000 }
            return nil
        }
        #expect(try harness.run(time: 120_000)["status"] == "Activating")
        #expect(try harness.ledger().plan != nil)
        harness.network.before = { _ in nil }
        harness.salesforce.update { state in
            let order = (state.record("Order", Seed.order) ?? [:]).merging(["WHMCS_Order_ID__c": "77"]) { $1 }
            state.add("Order", id: Seed.order, order)
        }
        #expect(try harness.runWhenDue()["status"] == "Failed")
        #expect(try harness.aws.order(Seed.order)["errorCode"] == "ORDER_NOT_PROVISIONABLE")
        #expect(harness.count("AddOrder") == 0)
    }
}
