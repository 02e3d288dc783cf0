import AWS
import JSON
import Testbed
import Testing

@testable import Orders

@Suite struct MarkerSupportTests {
    private let harness: WebhookHarness

    init() throws {
        harness = try WebhookHarness()
    }

    /// The marker support of a process: each has a cache of its own.
    private func support(_ url: String = "https://billing.example.com/api") throws -> MarkerSupport {
        let ledger = Ledger(
            Table(harness.aws.table, harness.aws.account, harness.network.client), now: { .requestTime })
        return try MarkerSupport(whmcsURL: url, ledger: ledger, cache: MarkerSupport.Cache())
    }

    private func writes() -> Int { harness.network.requests.count { $0.action == "UpdateItem" } }

    @Test("A channel is proven once its marker has come back") func proof() throws {
        #expect(try !support().isProven([.notes, .field(401)]))
        try support().record([.notes: false, .field(401): true])
        #expect(try support().isProven([.field(401)]))
        #expect(try support().isProven([.notes, .field(401)]))
        #expect(try !support().isProven([.notes, .field(402)]))
        #expect(try !support().isProven([]))
    }

    @Test("The last observation counts") func lastObservation() throws {
        let support = try support()
        for isReturned in [true, false, true] {
            try support.record([.notes: isReturned])
            #expect(try support.isProven([.notes]) == isReturned)
        }
    }

    @Test("A process records a proof once, and a dropped marker each time") func cache() throws {
        let support = try support()
        try support.record([.notes: true])
        try support.record([.notes: true])
        #expect(writes() == 1)
        try support.record([.notes: true, .field(401): true])
        #expect(writes() == 2)
        try support.record([.notes: false])
        try support.record([.notes: false])
        #expect(writes() == 4)
    }

    @Test("Each WHMCS has marker support of its own") func otherURL() throws {
        try support().record([.notes: true])
        #expect(try !support("https://billing.example.org/api").isProven([.notes]))
    }
}

/// The second AddOrder depends on what earlier orders have shown.
@Suite struct MarkerSupportOfRunsTests {
    @Test("A WHMCS that drops a marker is not trusted any more") func droppedMarker() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        harness.whmcs.configuration.dropsNotes = true
        let another = harness.addOrder([Seed.Line(Seed.hosting)])
        #expect(try harness.run(another)["status"] == "Provisioned")
        try harness.loseAddOrder()
        try harness.runWhileDue()
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
    }

    @Test("A note that a person wrote proves nothing") func adoptedOrder() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.configuration.dropsNotes = true
        harness.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try harness.request()
        try harness.run()
        let marker = try #require(try harness.ledger().marker?.text)
        harness.whmcs.update { $0.orders[0].notes = marker }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        try harness.loseAddOrder(Seed.otherOrder)
        try harness.runWhileDue(Seed.otherOrder)
        #expect(harness.count("AddOrder") == 2)
        #expect(try harness.ledger(Seed.otherOrder).errorCode == "WHMCS_OUTCOME_UNKNOWN")
    }

    @Test("A proof by one product's field says nothing of a product without it") func fieldOfAnotherProduct() throws {
        let harness = try ProvisioningHarness(["WHMCS_MARKER_FIELD": "Salesforce Order"])
        harness.whmcs.configuration.dropsNotes = true
        harness.whmcs.update { state in
            for index in state.products.indices where state.products[index].pid == 186 {
                state.products[index].customFields = [:]
            }
        }
        let marked = harness.addOrder([Seed.Line(Seed.hosting)])
        let unmarked = harness.addOrder([Seed.Line(Seed.setup)])
        #expect(try harness.run(marked)["status"] == "Provisioned")
        try harness.loseAddOrder(unmarked)
        try harness.runWhileDue(unmarked)
        #expect(try harness.ledger(unmarked).errorCode == "WHMCS_OUTCOME_UNKNOWN")
    }
}
