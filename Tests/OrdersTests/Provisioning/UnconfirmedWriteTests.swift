import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// Status writes without an answer: Salesforce may carry one out during the quiet time, over a later status. In the end
/// Salesforce has the ledger's status.
@Suite struct UnconfirmedWriteTests {
    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
    }

    @Test(
        "Activating that lands after Provisioned is overwritten, also when the run was killed",
        arguments: [false, true])
    func lateActivating(_ isKilled: Bool) throws {
        var isOver = false
        harness.network.before = { request in
            if isOver { return .lost }
            guard request.reports("Activating") else { return nil }
            isOver = isKilled
            return .lost
        }
        _ = try? harness.run()
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        try carryOutLate("Activating")

        let order = try harness.aws.order(Seed.order)
        #expect((order["open"], order["leaseOwner"]) == ("1", nil))
        #expect(order["dueAt"] == order["lateUntil"])
        // The invocation and then the quiet time.
        #expect((order["dueAt"]?.timestamp ?? 0) - .requestTime > 600_000)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.field("Provisioning_Status__c") == "Provisioned")
        #expect(harness.whmcsOrders().count == 1)
        try expectClosed()
    }

    @Test("Failed of the request before is overwritten by Provisioned") func lateFailed() throws {
        let id = Seed.noPayMethodOrder
        harness.network.before = { $0.reports("Failed") ? .lost : nil }
        try harness.run(id)
        harness.network.before = { _ in nil }
        harness.whmcs.addPayMethod(1236)
        try harness.request(2, id)
        #expect(try harness.run(id)["status"] == "Provisioned")
        try carryOutLate("Failed", id)
        try harness.runWhenDue(id)
        #expect(harness.field("Provisioning_Status__c", id) == "Provisioned")
        #expect(harness.field("Provisioning_Error_Code__c", id) == .null)
        #expect(try harness.ledger(id).dueAt == nil)
    }

    @Test("A refused write is not unconfirmed") func refusedWrite() throws {
        harness.salesforce.failNext(.answer(503, #"[{"errorCode":"SERVER_UNAVAILABLE","message":""}]"#), on: "PATCH")
        #expect(try harness.run()["status"] == "Activating")
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        try expectClosed()
    }

    /// A duplicate event, or an operator's recovery.
    @Test("An early report of the final status does not replace the due one") func earlyReport() throws {
        try endWithUnconfirmedWrite()
        let dueAt = try harness.ledger().dueAt
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(try harness.ledger().dueAt == dueAt)
        try harness.runWhenDue()
        try expectClosed()
    }

    @Test("The order stays Provisioned when its report fails") func failedReport() throws {
        try endWithUnconfirmedWrite()
        harness.network.before = { $0.reports("Provisioned") ? .unreachable : nil }
        for _ in 1...10 { #expect(try harness.runWhenDue()["status"] == "Provisioned") }
        harness.network.before = { request in
            request.action == "UpdateItem" && request.text.contains("lateUntil") ? .unreachable : nil
        }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        harness.network.before = { _ in nil }
        let order = try harness.ledger()
        #expect((order.errorCode, order.errorMessage) == (nil, nil))
        try harness.runWhenDue()
        try expectClosed()
    }

    /// Somebody deleted the order in Salesforce.
    @Test("A missing order ends the reports") func missingOrder() throws {
        try endWithUnconfirmedWrite()
        harness.salesforce.update { $0.delete("Order", Seed.order) }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        let alerts = harness.log.lines.compactMap { $0["alert"]?["message"]?.string }
        #expect(alerts == ["A provisioned order is not in Salesforce any more: \(Seed.order)"])
        try expectClosed()
    }

    @Test("Salesforce is asked once more for an order that it said to be missing") func seeminglyMissing() throws {
        try endWithUnconfirmedWrite()
        harness.salesforce.failNext(.answer(404, #"[{"errorCode":"NOT_FOUND","message":""}]"#), on: "PATCH", times: 2)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(try harness.ledger().dueAt != nil)
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        try expectClosed()
    }

    /// Provisions the order while an Activating is unconfirmed.
    private func endWithUnconfirmedWrite() throws {
        harness.network.before = { $0.reports("Activating") ? .lost : nil }
        try harness.run()
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
    }

    /// Salesforce carries out the last unanswered write of that status.
    private func carryOutLate(_ status: String, _ order: String = Seed.order) throws {
        try harness.carryOutLate { $0.reports(status) }
        #expect(harness.field("Provisioning_Status__c", order) == .string(status))
    }

    /// Expects a Provisioned order that is not due, with one entry of that in its history.
    private func expectClosed() throws {
        let order = try harness.aws.order(Seed.order)
        #expect(order["status"] == "Provisioned")
        for name in ["open", "dueAt", "lateUntil", "leaseOwner"] { #expect(order[name] == nil, "\(name)") }
        #expect(order["history"]?.array?.count { $0["status"] == "Provisioned" } == 1)
    }
}
