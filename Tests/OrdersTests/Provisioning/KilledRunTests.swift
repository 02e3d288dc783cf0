import HTTP
import Testbed
import Testing

@testable import Orders

/// The invariant: whichever request a run is killed at, the order is made once and not lost.
@Suite struct KilledRunTests {
    /// A run sends fewer requests, so the last numbers kill none.
    private static let requestNumbers = 1...31

    @Test(
        "An order survives a run that is killed at any request, sent or not", arguments: requestNumbers, [false, true])
    func killed(_ number: Int, _ isSent: Bool) throws {
        let harness = try ProvisioningHarness()
        try harness.request()
        let start = harness.network.requests.count
        var fatal: Request?
        harness.network.before = { request in
            guard fatal == nil, harness.network.requests.count - start < number + (isSent ? 1 : 0) else {
                fatal = fatal ?? request
                return .lost
            }
            return nil
        }
        harness.network.after = { request, answer in
            guard isSent, harness.network.requests.count - start == number else { return answer }
            fatal = request
            return .lost
        }
        _ = try? harness.run()
        harness.network.before = { _ in nil }
        harness.network.after = { $1 }
        let isInDoubt = try harness.ledger().addOrder == .sent && harness.whmcsOrders().isEmpty

        try harness.runWhileDue()
        let order = try harness.ledger()
        if isInDoubt {
            // Killed between the ledger's record of AddOrder and the call: only a person can decide.
            if isSent {
                #expect(fatal?.action == "UpdateItem" && fatal?.text.contains("\"sent\"") == true)
            } else {
                #expect(fatal?.whmcsAction == "AddOrder")
            }
            #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
            #expect(harness.count("AddOrder") == 0)
            #expect(harness.field("Provisioning_Status__c") == "Failed")
        } else {
            #expect(order.status == .provisioned, "killed at \(fatal?.url ?? "no request") \(fatal?.action ?? "")")
            #expect(harness.whmcsOrders().map(\.status) == ["Active"])
            #expect(harness.count("AddOrder") == 1)
            #expect(harness.field("Provisioning_Status__c") == "Provisioned")
            #expect(harness.field("WHMCS_Order_ID__c").string == order.whmcsOrderID.map(String.init))
        }
    }

    @Test("The request numbers cover a whole run") func coverage() throws {
        let harness = try ProvisioningHarness()
        let start = harness.network.requests.count
        try harness.run()
        #expect(harness.network.requests.count - start < Self.requestNumbers.upperBound)
        #expect(harness.network.requests.count - start > Self.requestNumbers.upperBound - 6)
    }
}
