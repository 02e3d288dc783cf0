import Basics
import Testbed
import Testing

@testable import Orders

/// What passes is tried again, later and later, but not for ever.
@Suite struct RetryTests {
    /// The try that fails now, and the longest wait after it in s.
    @Test(
        arguments: [
            (1, [:], 30), (2, [:], 60), (3, [:], 120), (7, [:], 1920), (8, [:], 3600), (11, [:], 3600),
            (1, ["RETRY_DELAY": "3600"], 3600), (2, ["RETRY_DELAY": "3600"], 3600), (3, ["RETRY_DELAY": "5"], 20),
            (900, ["RETRY_DELAY": "1", "MAX_ATTEMPTS": "1000"], 3600), (5, ["RETRY_DELAY": "0"], 0),
        ] as [(Int, [String: String], Int)])
    func waitsLongerEachTime(_ number: Int, _ settings: [String: String], _ seconds: Int) throws {
        let harness = try ProvisioningHarness(settings)
        try harness.aws.set(
            "order#\(Seed.order)", ["status": "Activating", "tries": .number(number - 1), "open": "1"])
        harness.whmcs.failNext(.maintenance, times: 10)
        #expect(try harness.run()["status"] == "Activating")
        let order = try harness.ledger()
        #expect(order.attempts == number)
        // The clock stands still while it is written; jitter is all of it.
        #expect((order.dueAt ?? 0) - order.updatedAt == seconds * 1000)
        #expect(harness.network.jitterBounds.last == Int(seconds) * 1000)
        #expect(try harness.leaseUntil() == nil)
        #expect((order.errorCode, order.status) == ("WHMCS_UNAVAILABLE", .activating))
        #expect(harness.log.lines.contains { $0["step"] == "order_details" && $0["outcome"] == "later" })
    }

    @Test func succeedsWhenTheTroubleHasPassed() throws {
        let harness = try ProvisioningHarness()
        // One run asks four times.
        harness.whmcs.failNext(.maintenance, on: "GetProducts", times: 8)
        var runs = 0
        repeat {
            runs += 1
            try harness.run()
            if try harness.ledger().dueAt != nil { try harness.waitUntilDue() }
        } while try harness.ledger().status == .activating
        #expect(runs == 3)
        let order = try harness.ledger()
        #expect((order.status, order.attempts, order.errorCode, order.errorMessage) == (.provisioned, 3, nil, nil))
        #expect(harness.salesforce.statusHistory(Seed.order).last == "Provisioned")
    }

    @Test func givesUpAfterTheLastTry() throws {
        let harness = try ProvisioningHarness(["MAX_ATTEMPTS": "3"])
        harness.whmcs.failNext(.maintenance, times: 100)
        for number in 1...3 {
            #expect(try harness.run()["status"] == (number < 3 ? "Activating" : "Failed"))
            if number < 3 { try harness.waitUntilDue() }
        }
        #expect(harness.field("Provisioning_Error_Code__c") == "WHMCS_UNAVAILABLE")
        harness.whmcs.clearFaults()
        try harness.request(Seed.order, 1)
        #expect(try harness.run()["status"] == "Provisioned")
    }

    /// A run that is killed each time never gets to count its own failure; those that come after it do.
    @Test func anOrderThatKillsEveryRunEnds() throws {
        let harness = try ProvisioningHarness(["MAX_ATTEMPTS": "3"])
        try harness.aws.set("order#\(Seed.order)", ["status": "Activating", "tries": 3, "open": "1"])
        #expect(try harness.run()["status"] == "Failed")
        let order = try harness.ledger()
        #expect(order.errorCode == "PROVISIONING_ERROR")
        #expect(order.errorMessage == "not finished after 3 attempts")
        #expect(harness.whmcs.state.actions == [])
        #expect(harness.salesforce.statusHistory(Seed.order) == ["Failed"])
    }

    /// Salesforce does not answer when all is done: the order is not made again, only told.
    @Test func successIsToldWhenSalesforceAnswers() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.url.hasSuffix("/composite/sobjects") ? .unreachable : nil }
        #expect(try harness.run()["status"] == "Activating")
        let waiting = try harness.ledger()
        #expect((waiting.step, waiting.errorCode) == (.accept, "SALESFORCE_UNAVAILABLE"))
        let asked = harness.whmcs.state.actions
        harness.network.before = { _ in nil }
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcs.state.actions == asked)
        #expect(harness.steps.suffix(2) == ["sf_success_update later", "sf_success_update done"])
        #expect(harness.field("Provisioning_Status__c") == "Provisioned")
    }

    // MARK: AcceptOrder is judged by the order's status

    private static let no = #"{"result":"error","message":"Order ID not found or Status not Pending"}"#

    @Test(
        arguments: [
            .actThenAnswer(200, no), .actThenDrop, .actThenTruncate, .actThenAnswer(500, "<html>"), .actThenEmptyBody,
        ] as [Fault])
    func anAcceptedOrderIsAcceptedWhateverWasSaid(_ fault: Fault) throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(fault, on: "AcceptOrder")
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AcceptOrder") == 1)
        #expect(harness.steps == HappyPathTests.allSteps)
    }

    @Test(
        arguments: [
            .answer(200, no), .dropBeforeActing, .maintenance,
            .answer(200, #"{"result":"error","message":"Module Error"}"#),
        ] as [Fault])
    func aPendingOrderIsAcceptedLater(_ fault: Fault) throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(fault, on: "AcceptOrder")
        #expect(try harness.run()["status"] == "Activating")
        let waiting = try harness.ledger()
        #expect((waiting.step, waiting.errorCode) == (.create, "WHMCS_UNAVAILABLE"))
        #expect(waiting.dueAt != nil)
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect((harness.count("AddOrder"), harness.count("AcceptOrder")) == (1, 2))
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    @Test(arguments: ["Cancelled", "Fraud", "Under Review"]) func anyOtherOrderIsForAPerson(_ status: String) throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { request in
            if request.whmcsAction == "AcceptOrder" { harness.whmcs.update { $0.orders[0].status = status } }
            return nil
        }
        #expect(try harness.run()["status"] == "Failed")
        let order = try harness.ledger()
        let id = order.whmcsOrderID ?? 0
        #expect(order.errorCode == "WHMCS_REJECTED")
        let wayOut = status == "Under Review" ? "" : "; request the order again to create another"
        #expect(order.errorMessage == "WHMCS order \(id) is \(status) and cannot be accepted" + wayOut)
        #expect(harness.field("WHMCS_Order_ID__c") == .string(String(id)))

        // The person put it right, and asks for the order again: the same WHMCS order goes on.
        harness.network.before = { _ in nil }
        harness.whmcs.update { $0.orders[0].status = "Pending" }
        try harness.request(Seed.order, 1)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 1)
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }
}
