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
        let works = try Works()
        try works.request(Seed.order, 1)
        let start = works.wire.requests.count
        var fatal: Request?
        works.wire.before = { request in
            guard fatal == nil, works.wire.requests.count - start < number + (arrives ? 1 : 0) else {
                fatal = fatal ?? request
                return .lost
            }
            return nil
        }
        works.wire.after = { request, answer in
            guard arrives, works.wire.requests.count - start == number else { return answer }
            fatal = request
            return .lost
        }
        _ = try? works.run()
        works.wire.before = { _ in nil }
        works.wire.after = { $1 }
        // Noted as sent, and not there.
        let isInDoubt = try works.ledger().addOrder == .sent && works.whmcsOrders().isEmpty

        // Whoever looks for due orders finds it, as often as it takes.
        try works.runOut()
        let order = try works.ledger()
        if isInDoubt {
            // The one moment that nobody but a person can judge: between the note and the call.
            let note = fatal.map {
                $0.action == "UpdateItem" && String(decoding: $0.body, as: UTF8.self).contains("\"sent\"")
            }
            #expect(arrives ? note == true : fatal?.whmcsAction == "AddOrder")
            #expect((order.status, order.errorCode) == (.failed, "WHMCS_OUTCOME_UNKNOWN"))
            #expect(works.count("AddOrder") == 0)
            #expect(works.field("Provisioning_Status__c") == "Failed")
        } else {
            #expect(order.status == .provisioned, "after \(fatal?.url ?? "nothing") \(fatal?.action ?? "")")
            #expect(works.whmcsOrders().map(\.status) == ["Active"])
            #expect(works.count("AddOrder") == 1)
            #expect(works.field("Provisioning_Status__c") == "Provisioned")
            #expect(works.field("WHMCS_Order_ID__c").string == order.whmcsOrderID.map(String.init))
        }
    }

    /// So that the numbers above cover a whole run.
    @Test func aRunHasFewerRequestsThanAreTried() throws {
        let works = try Works()
        let start = works.wire.requests.count
        try works.run()
        #expect(works.wire.requests.count - start < Self.requests.upperBound)
        #expect(works.wire.requests.count - start > Self.requests.upperBound - 6)
    }
}
