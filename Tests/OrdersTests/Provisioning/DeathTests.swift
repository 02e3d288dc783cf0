import HTTP
import Testbed
import Testing

@testable import Orders

/// The promise itself: whatever request a run dies at, the order is made once and not lost.
@Suite struct DeathTests {
    /// More than a run sends; a number beyond the last one is a run that does not die.
    private static let requests = 1...28

    /// From some request on nothing goes out any more. Whether the last one still arrived is the other half of it.
    @Test(arguments: requests, [false, true]) func anOrderSurvivesItsRuns(_ number: Int, _ arrives: Bool) throws {
        let harness = try ProvisioningHarness()
        try harness.request(Seed.order, 1)
        let start = harness.network.requests.count
        var fatal: Request?
        harness.network.before = { request in
            guard fatal == nil, harness.network.requests.count - start < number + (arrives ? 1 : 0) else {
                fatal = fatal ?? request
                return .lost
            }
            return nil
        }
        harness.network.after = { request, answer in
            guard arrives, harness.network.requests.count - start == number else { return answer }
            fatal = request
            return .lost
        }
        _ = try? harness.run()
        harness.network.before = { _ in nil }
        harness.network.after = { $1 }
        // Noted as sent, and not there.
        let isInDoubt = try harness.ledger().addOrder == .sent && harness.whmcsOrders().isEmpty

        // Whoever looks for due orders finds it, as often as it takes.
        try harness.runOut()
        let order = try harness.ledger()
        if isInDoubt {
            // The one moment that nobody but a person can judge: between the note and the call.
            let note = fatal.map {
                $0.action == "UpdateItem" && String(decoding: $0.body, as: UTF8.self).contains("\"sent\"")
            }
            #expect(arrives ? note == true : fatal?.whmcsAction == "AddOrder")
            #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
            #expect(harness.count("AddOrder") == 0)
            #expect(harness.field("Provisioning_Status__c") == "Failed")
        } else {
            #expect(order.status == .provisioned, "after \(fatal?.url ?? "nothing") \(fatal?.action ?? "")")
            #expect(harness.whmcsOrders().map(\.status) == ["Active"])
            #expect(harness.count("AddOrder") == 1)
            #expect(harness.field("Provisioning_Status__c") == "Provisioned")
            #expect(harness.field("WHMCS_Order_ID__c").string == order.whmcsOrderID.map(String.init))
        }
    }

    /// So that the numbers above cover a whole run.
    @Test func aRunHasFewerRequestsThanAreTried() throws {
        let harness = try ProvisioningHarness()
        let start = harness.network.requests.count
        try harness.run()
        #expect(harness.network.requests.count - start < Self.requests.upperBound)
        #expect(harness.network.requests.count - start > Self.requests.upperBound - 6)
    }
}
