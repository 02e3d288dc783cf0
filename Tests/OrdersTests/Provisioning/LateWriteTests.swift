import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// What Salesforce was told and has not answered may be carried out at any time in the quiet time, over what it was told
/// since. In the end it says what the ledger says.
@Suite struct LateWriteTests {
    /// Salesforce carries out late what it was told last of that status.
    private func carryOut(_ status: String, _ harness: ProvisioningHarness, _ order: String = Seed.order) throws {
        try harness.carryOut { $0.tells(status) }
        #expect(harness.field("Provisioning_Status__c", order) == .string(status))
    }

    /// The run hears of it, or is killed over it.
    @Test(arguments: [false, true]) func activatingComesAfterProvisioned(_ isKilled: Bool) throws {
        let harness = try ProvisioningHarness()
        var isOver = false
        harness.network.before = { request in
            if isOver { return .lost }
            guard request.tells("Activating") else { return nil }
            isOver = isKilled
            return .lost
        }
        _ = try? harness.run()
        harness.network.before = { _ in nil }
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        try carryOut("Activating", harness)

        let order = try harness.aws.order(Seed.order)
        #expect((order["open"], order["leaseOwner"]) == ("1", nil))
        #expect(order["dueAt"] == order["lateUntil"])
        // Longer than the run before may take and Salesforce after it.
        #expect((order["dueAt"]?.timestamp ?? 0) - .requestTime > 600_000)
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.field("Provisioning_Status__c") == "Provisioned")
        #expect(harness.whmcsOrders().count == 1)
        try expectClosed(harness, "Provisioned", entries: 1)
    }

    /// Of the attempt before.
    @Test func failedComesAfterProvisioned() throws {
        let harness = try ProvisioningHarness()
        let id = Seed.noPayMethodOrder
        harness.network.before = { $0.tells("Failed") ? .lost : nil }
        try harness.run(id)
        harness.network.before = { _ in nil }
        harness.whmcs.addPayMethod(1236)
        try harness.request(id, 2)
        #expect(try harness.run(id)["status"] == "Provisioned")
        try carryOut("Failed", harness, id)
        try harness.waitUntilDue(id)
        try harness.run(id)
        #expect(harness.field("Provisioning_Status__c", id) == "Provisioned")
        #expect(harness.field("Provisioning_Error_Code__c", id) == .null)
        #expect(try harness.ledger(id).dueAt == nil)
    }

    /// Salesforce said so, if with a refusal: nothing is on its way.
    @Test func whatWasAnsweredIsNotToldAgain() throws {
        let harness = try ProvisioningHarness()
        harness.salesforce.failNext(.answer(503, #"[{"errorCode":"SERVER_UNAVAILABLE","message":""}]"#), on: "PATCH")
        #expect(try harness.run()["status"] == "Activating")
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        try expectClosed(harness, "Provisioned", entries: 1)
    }

    /// An event delivered twice, an operator's recovery: told then and when it is time.
    @Test func toldAgainEarlyIsToldAgainInTime() throws {
        let harness = try unsure()
        let dueAt = try harness.ledger().dueAt
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(try harness.ledger().dueAt == dueAt)
        try harness.waitUntilDue()
        try harness.run()
        try expectClosed(harness, "Provisioned", entries: 1)
    }

    /// It stays Provisioned, whatever happens to the telling.
    @Test func theTellingMayFail() throws {
        let harness = try unsure()
        harness.network.before = { $0.tells("Provisioned") ? .unreachable : nil }
        // More often than MAX_ATTEMPTS.
        for _ in 1...10 {
            try harness.waitUntilDue()
            #expect(try harness.run()["status"] == "Provisioned")
        }
        harness.network.before = { request in
            request.action == "UpdateItem" && request.text.contains("lateUntil") ? .unreachable : nil
        }
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        harness.network.before = { _ in nil }
        let order = try harness.ledger()
        #expect((order.errorCode, order.errorMessage) == (nil, nil))
        try harness.waitUntilDue()
        try harness.run()
        try expectClosed(harness, "Provisioned", entries: 1)
    }

    /// Deleted since; nobody can be told.
    @Test func aRefusalEndsIt() throws {
        let harness = try unsure()
        harness.salesforce.failNext(.answer(404, #"[{"errorCode":"NOT_FOUND","message":""}]"#), on: "PATCH")
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(
            harness.log.lines.last.map { [$0["message"], $0["status"]] } == [
                "Salesforce refused the final status", "Provisioned",
            ])
        try expectClosed(harness, "Provisioned", entries: 1)
    }

    /// The operator's next request is newer than the failure, if not than the last telling of it.
    @Test func aPlatformEventCountsFromTheFailureNotFromItsTelling() throws {
        let harness = try ProvisioningHarness()
        let id = Seed.noPayMethodOrder
        harness.network.before = { $0.tells("Failed") ? .unreachable : nil }
        try harness.run(id)
        let asked = harness.network.now + 1
        try harness.waitUntilDue(id)
        harness.network.before = { _ in nil }
        try harness.run(id)
        harness.whmcs.addPayMethod(1236)
        #expect(try harness.runPlatformEvent("e-1", id, at: asked)["status"] == "Provisioned")
    }

    /// Provisioned, with an Activating on its way.
    private func unsure() throws -> ProvisioningHarness {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.tells("Activating") ? .lost : nil }
        try harness.run()
        harness.network.before = { _ in nil }
        try harness.waitUntilDue()
        #expect(try harness.run()["status"] == "Provisioned")
        return harness
    }

    private func expectClosed(_ harness: ProvisioningHarness, _ status: JSON, entries: Int) throws {
        let order = try harness.aws.order(Seed.order)
        #expect(order["status"] == status)
        for name in ["open", "dueAt", "lateUntil", "leaseOwner"] { #expect(order[name] == nil, "\(name)") }
        #expect(order["history"]?.array?.count { $0["status"] == status } == entries)
    }
}
