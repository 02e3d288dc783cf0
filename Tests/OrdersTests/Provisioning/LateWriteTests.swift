import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// What Salesforce was told and has not answered may be carried out at any time in the quiet time, over what it was told
/// since. In the end it says what the ledger says.
@Suite struct LateWriteTests {
    /// Salesforce carries out late what it was told last of that status.
    private func carryOut(_ status: String, _ works: Works, _ order: String = Seed.order) throws {
        try works.carryOut { $0.tells(status) }
        #expect(works.field("Provisioning_Status__c", order) == .string(status))
    }

    /// The run hears of it, or is killed over it.
    @Test(arguments: [false, true]) func activatingComesAfterProvisioned(_ isKilled: Bool) throws {
        let works = try Works()
        var isOver = false
        works.wire.before = { request in
            if isOver { return .lost }
            guard request.tells("Activating") else { return nil }
            isOver = isKilled
            return .lost
        }
        _ = try? works.run()
        works.wire.before = { _ in nil }
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        try carryOut("Activating", works)

        let order = try works.cloud.order(Seed.order)
        #expect((order["open"], order["leaseOwner"]) == ("1", nil))
        #expect(order["dueAt"] == order["lateUntil"])
        // Longer than the run before may take and Salesforce after it.
        #expect((order["dueAt"]?.timestamp ?? 0) - .clickTime > 600_000)
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.field("Provisioning_Status__c") == "Provisioned")
        #expect(works.whmcsOrders().count == 1)
        try expectClosed(works, "Provisioned", entries: 1)
    }

    /// Of the attempt before.
    @Test func failedComesAfterProvisioned() throws {
        let works = try Works()
        let id = Seed.noPayMethodOrder
        works.wire.before = { $0.tells("Failed") ? .lost : nil }
        try works.run(id)
        works.wire.before = { _ in nil }
        works.whmcs.addPayMethod(1236)
        try works.request(id, 2)
        #expect(try works.run(id)["status"] == "Provisioned")
        try carryOut("Failed", works, id)
        try works.waitUntilDue(id)
        try works.run(id)
        #expect(works.field("Provisioning_Status__c", id) == "Provisioned")
        #expect(works.field("Provisioning_Error_Code__c", id) == .null)
        #expect(try works.ledger(id).dueAt == nil)
    }

    /// Salesforce said so, if with a refusal: nothing is on its way.
    @Test func whatWasAnsweredIsNotToldAgain() throws {
        let works = try Works()
        works.salesforce.failNext(.answer(503, #"[{"errorCode":"SERVER_UNAVAILABLE","message":""}]"#), on: "PATCH")
        #expect(try works.run()["status"] == "Activating")
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        try expectClosed(works, "Provisioned", entries: 1)
    }

    /// An event delivered twice, an operator's recovery: told then and when it is time.
    @Test func toldAgainEarlyIsToldAgainInTime() throws {
        let works = try unsure()
        let dueAt = try works.ledger().dueAt
        #expect(try works.run()["status"] == "Provisioned")
        #expect(try works.ledger().dueAt == dueAt)
        try works.waitUntilDue()
        try works.run()
        try expectClosed(works, "Provisioned", entries: 1)
    }

    /// It stays Provisioned, whatever happens to the telling.
    @Test func theTellingMayFail() throws {
        let works = try unsure()
        works.wire.before = { $0.tells("Provisioned") ? .unreachable : nil }
        // More often than MAX_ATTEMPTS.
        for _ in 1...10 {
            try works.waitUntilDue()
            #expect(try works.run()["status"] == "Provisioned")
        }
        works.wire.before = { request in
            request.action == "UpdateItem" && request.text.contains("lateUntil") ? .unreachable : nil
        }
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        works.wire.before = { _ in nil }
        let order = try works.ledger()
        #expect((order.errorCode, order.errorMessage) == (nil, nil))
        works.wire.now = order.leaseUntil
        try works.waitUntilDue()
        try works.run()
        try expectClosed(works, "Provisioned", entries: 1)
    }

    /// Deleted since; nobody can be told.
    @Test func aRefusalEndsIt() throws {
        let works = try unsure()
        works.salesforce.failNext(.answer(404, #"[{"errorCode":"NOT_FOUND","message":""}]"#), on: "PATCH")
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        #expect(works.log.messages.last?.hasPrefix("Salesforce does not know that the order is Provisioned:") == true)
        try expectClosed(works, "Provisioned", entries: 1)
    }

    /// The operator's next request is newer than the failure, if not than the last telling of it.
    @Test func aPlatformEventCountsFromTheFailureNotFromItsTelling() throws {
        let works = try Works()
        let id = Seed.noPayMethodOrder
        works.wire.before = { $0.tells("Failed") ? .unreachable : nil }
        try works.run(id)
        let asked = works.wire.now + 1
        try works.waitUntilDue(id)
        works.wire.before = { _ in nil }
        try works.run(id)
        works.whmcs.addPayMethod(1236)
        #expect(try works.runPlatformEvent("e-1", id, at: asked)["status"] == "Provisioned")
    }

    /// Provisioned, with an Activating on its way.
    private func unsure() throws -> Works {
        let works = try Works()
        works.wire.before = { $0.tells("Activating") ? .lost : nil }
        try works.run()
        works.wire.before = { _ in nil }
        try works.waitUntilDue()
        #expect(try works.run()["status"] == "Provisioned")
        return works
    }

    private func expectClosed(_ works: Works, _ status: JSON, entries: Int) throws {
        let order = try works.cloud.order(Seed.order)
        #expect(order["status"] == status)
        for name in ["open", "dueAt", "lateUntil", "leaseOwner"] { #expect(order[name] == nil, "\(name)") }
        #expect(order["history"]?.array?.count { $0["status"] == status } == entries)
    }
}
