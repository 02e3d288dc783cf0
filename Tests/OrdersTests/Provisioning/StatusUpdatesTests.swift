import Testbed
import Testing

@testable import Orders

/// Final statuses that Salesforce does not confirm at once.
@Suite struct StatusUpdatesTests {
    private let harness: ProvisioningHarness

    init() throws {
        harness = try ProvisioningHarness()
    }

    @Test("A run that cannot report Provisioned repeats only the report") func provisioned() throws {
        harness.network.before = { $0.url.hasSuffix("/composite/sobjects") ? .unreachable : nil }
        // WHMCS has it.
        #expect(try harness.run()["status"] == "Provisioned")
        let waiting = try harness.ledger()
        #expect((waiting.step, waiting.errorCode) == (.accept, nil))
        #expect(waiting.dueAt != nil)
        let actions = harness.whmcs.state.actions
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.whmcs.state.actions == actions)
        #expect(harness.steps.suffix(2) == ["sf_success_update later", "sf_success_update done"])
        #expect(harness.field("Provisioning_Status__c") == "Provisioned")
    }

    /// The portal shows Failed meanwhile.
    @Test("Failed is reported until Salesforce confirms it, beyond MAX_ATTEMPTS") func failed() throws {
        let id = Seed.closedClientOrder
        harness.network.before = { $0.reports("Failed") ? .unreachable : nil }
        #expect(try harness.run(id)["status"] == "Failed")
        let waiting = try harness.ledger(id)
        #expect((waiting.step, waiting.errorCode) == (.failureUpdate, "CLIENT_CLOSED"))
        #expect(waiting.dueAt != nil)
        #expect(try harness.leaseUntil(id) == nil)
        let actions = harness.whmcs.state.actions
        for _ in 1...20 { try harness.runWhenDue(id) }
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue(id)["status"] == "Failed")
        #expect(harness.field("Provisioning_Error_Code__c", id) == "CLIENT_CLOSED")
        #expect(harness.field("Provisioning_Error_Message__c", id) == "WHMCS client 1235 is closed")
        #expect(harness.whmcs.state.actions == actions)
        #expect(harness.steps.suffix(2) == ["sf_failure_update later", "sf_failure_update done"])
        #expect(try harness.ledger(id).dueAt == nil)
    }

    @Test("An order whose Provisioned Salesforce refuses stays Provisioned, and due until Salesforce takes it")
    func refused() throws {
        harness.network.before = { request in
            guard request.reports("Provisioned") else { return nil }
            return .answer(
                200,
                #"[{"success":false,"errors":[{"statusCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"no"}]}]"#)
        }
        #expect(try harness.run()["status"] == "Provisioned")
        for _ in 1...20 { #expect(try harness.runWhenDue()["status"] == "Provisioned") }
        let alerts = harness.log.lines.compactMap { $0["alert"]?["message"]?.string }
        // The first refusal, and the twelfth report.
        #expect(alerts == Array(repeating: "Salesforce does not take the status Provisioned: \(Seed.order)", count: 2))
        let actions = harness.whmcs.state.actions
        harness.network.before = { _ in nil }
        try harness.runWhenDue()
        #expect(harness.field("Provisioning_Status__c") == "Provisioned")
        #expect(try harness.ledger().dueAt == nil)
        #expect(harness.whmcs.state.actions == actions)
    }

    @Test("An order that WHMCS has accepted does not fail, however many runs die") func acceptedNeverFails() throws {
        var dies = true
        harness.network.before = { request in
            dies && request.action == "UpdateItem" && request.text.contains("lateUntil")
                && self.harness.count("AcceptOrder") > 0 ? .unreachable : nil
        }
        for _ in 1...14 {
            _ = try? harness.run()
            try harness.waitUntilDue()
        }
        #expect(try harness.ledger().step == .accept)
        dies = false
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.count("AcceptOrder") == 1)
    }

    @Test("An order line that was deleted after the planning is left out, and reported") func deletedLine() throws {
        harness.network.before = { request in
            guard request.reports("Provisioned") else { return nil }
            self.harness.network.before = { _ in nil }
            self.harness.salesforce.update { state in
                let lines = (state.records["OrderItem"] ?? [:]).filter { $0.value["OrderId"] == .string(Seed.order) }
                lines.keys.max().map { state.delete("OrderItem", $0) }
            }
            return nil
        }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.field("Provisioning_Status__c") == "Provisioned")
        let lines = harness.salesforce.state.records["OrderItem"]?.values.filter {
            $0["OrderId"] == .string(Seed.order)
        }
        #expect(lines?.map { $0["WHMCS_Service_ID__c"]?.string != nil } == [true])
        let alerts = harness.log.lines.compactMap { $0["alert"]?["message"]?.string }
        #expect(alerts == ["Lines of a provisioned order were deleted in Salesforce: \(Seed.order)"])
        #expect(try harness.ledger().dueAt == nil)
    }

    @Test("A failure that is not reported yet may be requested again") func requestedAgain() throws {
        let id = Seed.noPayMethodOrder
        harness.network.before = { $0.reports("Failed") ? .unreachable : nil }
        try harness.run(id)
        harness.whmcs.addPayMethod(1236)
        try harness.request(2, id)
        #expect(try harness.run(id)["status"] == "Provisioned")
        #expect(harness.field("Provisioning_Status__c", id) == "Provisioned")
    }
}
