import Basics
import JSON
import Testbed
import Testing

@testable import Orders

/// DynamoDB's index `failed` lists an item while it has both key attributes. No other order may be in it than one whose
/// request has failed.
@Suite struct FailedIndexTests {
    /// The error code and the time by which the index lists the order; nil when it does not.
    private func entry(_ harness: ProvisioningHarness, _ order: String) throws -> [JSON]? {
        let item = try harness.aws.order(order)
        guard let code = item["errorCode"], let endedAt = item["endedAt"] else { return nil }
        return [code, endedAt]
    }

    private static let closed: [JSON] = ["CLIENT_CLOSED", .milliseconds(.requestTime)]

    @Test("A failed order is listed, and a new request takes it off") func bothDirections() throws {
        let harness = try ProvisioningHarness()
        let order = Seed.closedClientOrder
        try harness.request(1, order)
        #expect(try entry(harness, order) == nil)
        #expect(try harness.run(order)["status"] == "Failed")
        #expect(try entry(harness, order) == Self.closed)

        harness.network.now += 60_000
        try harness.request(2, order)
        #expect(try entry(harness, order) == nil)
        // A retry records a code, and the time of the first failure must be gone.
        harness.whmcs.failNext(.maintenance, on: "GetClientsDetails", times: 10)
        #expect(try harness.run(order)["status"] == "Activating")
        #expect(try harness.aws.order(order)["errorCode"] == "WHMCS_UNAVAILABLE")
        #expect(try entry(harness, order) == nil)

        harness.whmcs.clearFaults()
        #expect(try harness.runWhenDue(order)["status"] == "Failed")
        #expect(try entry(harness, order) == ["CLIENT_CLOSED", .milliseconds(harness.network.now)])
    }

    @Test("A platform event takes a failed order off") func platformEvent() throws {
        let harness = try ProvisioningHarness()
        let order = Seed.closedClientOrder
        try harness.run(order)
        #expect(try entry(harness, order) == Self.closed)
        harness.whmcs.update { $0.clients[1].status = "Active" }
        _ = harness.whmcs.addPayMethod(1235)
        #expect(try harness.runPlatformEvent("e-1", order)["status"] == "Provisioned")
        #expect(try entry(harness, order) == nil)
    }

    @Test("An order is listed from its failure on, whatever Salesforce says", arguments: [true, false])
    func unreported(_ isRefused: Bool) throws {
        let harness = try ProvisioningHarness()
        let order = Seed.closedClientOrder
        harness.network.before = { request in
            guard request.reports("Failed") else { return nil }
            return isRefused
                ? .answer(400, #"[{"errorCode":"FIELD_INTEGRITY_EXCEPTION","message":"no"}]"#) : .unreachable
        }
        try harness.run(order)
        #expect(try entry(harness, order) == Self.closed)
        #expect(try harness.aws.order(order)["open"] == "1")
        try harness.runWhenDue(order)
        #expect(try entry(harness, order) == Self.closed)
    }

    @Test("A provisioned order is never listed", arguments: [true, false])
    func provisioned(_ isConfirmed: Bool) throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.maintenance, on: "GetProducts", times: 10)
        try harness.run()
        #expect(try harness.aws.order(Seed.order)["errorCode"] == "WHMCS_UNAVAILABLE")
        harness.whmcs.clearFaults()
        if !isConfirmed { harness.network.before = { $0.reports("Provisioned") ? .unreachable : nil } }
        for _ in 0..<2 {
            try harness.runWhenDue()
            #expect(try harness.aws.order(Seed.order)["status"] == "Provisioned")
            #expect(try entry(harness, Seed.order) == nil)
            if isConfirmed { return }
        }
    }
}
