import Basics
import HTTP
import JSON
import Testbed
import Testing

@testable import Orders

/// Which WHMCS orders a run takes for the order's own, and what it checks before it accepts one.
@Suite struct OrderAdoptionTests {
    @Test("Of several orders an Active one wins, then the lowest", arguments: [nil, "Salesforce Order"] as [String?])
    func oneWins(_ markerField: String?) throws {
        let harness = try ProvisioningHarness(markerField.map { ["WHMCS_MARKER_FIELD": $0] } ?? [:])
        // The custom field alone is marker enough.
        harness.whmcs.configuration.dropsNotes = markerField != nil
        try harness.loseAddOrder()
        for _ in 1...3 { try harness.carryOutAddOrderLate() }
        // Cancelling an accepted order would take a service away.
        for index in 1...2 { harness.whmcs.update { $0.orders[index].status = "Active" } }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.whmcs.state.orders.map(\.status) == ["Cancelled", "Active", "Active"])
        #expect(try harness.ledger().whmcsOrderID == harness.whmcs.state.orders[1].id)
        #expect(harness.count("AcceptOrder") == 0)
        let alerts = harness.log.lines.filter { $0["message"] == "alert" }
        #expect(
            alerts.map { $0["alert"]?["message"] } == [
                .string("Duplicate WHMCS order 1002 (Pending): \(Seed.order)"),
                .string("Duplicate WHMCS order 1012 (Active): \(Seed.order)"),
            ])
        #expect(alerts.allSatisfy { $0["level"] == "ERROR" && $0["alert"]?["orderId"]?.string == Seed.order })
    }

    @Test("Of several Pending orders the lowest wins") func lowestWins() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        for _ in 1...2 { try harness.carryOutAddOrderLate() }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.whmcs.state.orders.map(\.status) == ["Active", "Cancelled"])
    }

    /// Customers may write notes at checkout.
    @Test(
        "An order that a customer marked is not adopted, and a person hears of it",
        arguments: ["sfOrderId=\(Seed.order)", "VIP sfOrderId=\(Seed.order) ref=AAAAAAAAAAAAAAAAAAAAAA"])
    func planted(_ notes: String) throws {
        let harness = try ProvisioningHarness()
        let planted = harness.whmcs.update { $0.addOrder(client: 1234, notes: notes) }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcs.state.orders.map(\.status) == ["Pending", "Active"])
        #expect(harness.field("WHMCS_Order_ID__c").string != String(planted.id))
        #expect(
            harness.log.lines.compactMap { $0["alert"]?["message"]?.string } == [
                "WHMCS order \(planted.id) has a note of an order that it does not belong to: \(Seed.order)"
            ])
    }

    @Test("The marker is random, and the ledger has it before AddOrder carries it") func randomMarker() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { request in
            guard request.whmcsAction == "AddOrder" else { return nil }
            let known = try? harness.ledger().marker?.text
            #expect(known != nil && request.formField("notes") == known)
            return nil
        }
        try harness.run()
        harness.network.before = { _ in nil }
        try harness.run(Seed.otherOrder)
        let references = try [harness.ledger(), harness.ledger(Seed.otherOrder)].compactMap(\.markerReference)
        #expect(references.map(\.count) == [22, 22])
        #expect(Set(references).count == 2)
        #expect(harness.whmcsOrders().first?.notes == "sfOrderId=\(Seed.order) ref=\(references[0])")
    }

    @Test("A second AddOrder carries the marker of the first") func sameMarker() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        try harness.loseAddOrder()
        try harness.runWhileDue()
        let notes = harness.network.requests.filter { $0.whmcsAction == "AddOrder" }.map { $0.formField("notes") }
        #expect(notes.count == 3 && notes[1] == notes[2] && notes[0] != notes[1])
    }

    @Test("Other orders of the client are not adopted") func otherOrders() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try harness.run(Seed.otherOrder)
        #expect(harness.whmcsOrders(Seed.otherOrder).count == 1)
        try harness.run()
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
        #expect(harness.whmcsOrders(Seed.otherOrder).map(\.status) == ["Pending"])
    }

    @Test("An incomplete list does not prove that an order is missing") func incompleteList() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        harness.network.now += 600_000
        harness.whmcs.failNext(.answer(200, #"{"result":"success","totalresults":9,"orders":""}"#), on: "GetOrders")
        #expect(try harness.run()["status"] == "Activating")
        #expect(harness.count("AddOrder") == 1)
        #expect(try harness.ledger().errorCode == "WHMCS_UNAVAILABLE")
    }

    @Test("Before the first AddOrder nothing is searched, so that no list can block it") func noSearch() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { request in
            request.whmcsAction == "GetOrders" && (try? harness.ledger().whmcsOrderID) == nil ? .unreachable : nil
        }
        #expect(try harness.run()["status"] == "Provisioned")
    }

    @Test("Many planted orders are one alert") func manyPlanted() throws {
        let harness = try ProvisioningHarness()
        let planted = (1...3).map { _ in
            harness.whmcs.update { $0.addOrder(client: 1234, notes: "sfOrderId=\(Seed.order)") }
        }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(
            harness.log.lines.compactMap { $0["alert"]?["message"]?.string } == [
                "WHMCS order \(planted[0].id) and 2 more have a note of an order that it does not belong to: \(Seed.order)"
            ])
    }

    @Test(
        "A planted order is reported although a call beside the look fails", arguments: ["PATCH", "GetClientsProducts"])
    func plantedAndFailing(_ call: String) throws {
        let harness = try ProvisioningHarness()
        let planted = harness.whmcs.update { $0.addOrder(client: 1234, notes: "sfOrderId=\(Seed.order)") }
        var failures = 0
        harness.network.before = { request in
            let isMatch = request.whmcsAction == call || request.method == call && request.text.contains("WHMCS_Order")
            guard isMatch, failures == 0 else { return nil }
            failures += 1
            return .answer(400, "<html>")
        }
        try harness.run()
        harness.network.before = { _ in nil }
        try harness.runWhileDue()
        #expect(failures == 1)
        #expect(try harness.ledger().status == .provisioned)
        let alerts = harness.log.lines.compactMap { $0["alert"]?["message"]?.string }
        #expect(alerts.filter { $0.hasPrefix("WHMCS order \(planted.id) has a note") }.count == 1)
    }

    @Test("A duplicate with the whole marker is not reported as a customer's note") func ownDuplicate() throws {
        let harness = try ProvisioningHarness()
        harness.network.after = { request, answer in
            if request.whmcsAction == "AddOrder", let notes = request.formField("notes") {
                harness.whmcs.update { _ = $0.addOrder(client: 1234, notes: notes) }
            }
            return answer
        }
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.log.lines.compactMap { $0["alert"]?["message"]?.string } == [])
    }

    @Test("A custom field of another meaning is no marker") func otherField() throws {
        let harness = try ProvisioningHarness(["WHMCS_MARKER_FIELD": "Salesforce Order"])
        harness.whmcs.configuration.dropsNotes = true
        try harness.loseAddOrder()
        let marker = try #require(try harness.ledger().marker?.text)
        harness.whmcs.update { state in
            _ = state.addOrder(client: 1234, notes: "")
            state.services[0].customFields = [Seed.customerNumberField: marker]
        }
        try harness.runWhenDue()
        #expect(try harness.ledger().whmcsOrderID == nil)
    }

    /// Sent by a version whose marker had no reference.
    @Test("An AddOrder without a reference is found by its bare marker") func bareMarker() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try harness.run()
        try harness.aws.set("order#\(Seed.order)", ["markerRef": .null])
        harness.whmcs.update { $0.orders[0].notes = "sfOrderId=\(Seed.order)" }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.count("AddOrder") == 1)
    }

    @Test("A new request for another client still searches the client of an unanswered AddOrder")
    func otherClientsOrder() throws {
        let harness = try ProvisioningHarness()
        try harness.loseAddOrder()
        try harness.runWhileDue()
        #expect(try harness.ledger().errorCode == "WHMCS_OUTCOME_UNKNOWN")
        try harness.carryOutAddOrderLate()
        harness.whmcs.addPayMethod(1236)
        harness.salesforce.add(
            "Account", id: Seed.account, ["Name": "Moved", "WH_Account__c": "#1236 - Unbanked & Söhne"])
        try harness.request(2)
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorMessage?.hasSuffix("belongs to another client") == true)
        #expect(harness.count("AddOrder") == 2, "one by the program, one by the slow server")
    }

    @Test("A duplicate that cannot be cancelled stops nothing, and is looked for by the next request")
    func uncancelled() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        try harness.loseAddOrder()
        harness.network.before = { request in
            if request.whmcsAction == "AddOrder" { try? harness.carryOutAddOrderLate() }
            return nil
        }
        harness.whmcs.failNext(.answer(403, #"{"result":"error","message":"Invalid Permissions"}"#), on: "CancelOrder")
        try harness.runWhileDue()
        #expect(try harness.ledger().status == .provisioned)
        #expect(harness.whmcsOrders().map(\.status) == ["Active", "Pending"])
        let alerts = harness.log.lines.compactMap { $0["alert"]?["message"]?.string }
        #expect(alerts.contains { $0.hasPrefix("WHMCS did not cancel the duplicate order") })
    }

    // MARK: Read back

    @Test("An order with other lines is not accepted") func otherLines() throws {
        let harness = try ProvisioningHarness()
        harness.network.after = { request, answer in
            if request.whmcsAction == "AddOrder" { harness.whmcs.update { _ = $0.services.removeLast() } }
            return answer
        }
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorCode == "PROVISIONING_ERROR")
        #expect(harness.count("AcceptOrder") == 0)
        // The operator finds the order by its id.
        #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().first.map { String($0.id) })
    }

    @Test("An order of another client is not accepted") func otherClient() throws {
        let harness = try ProvisioningHarness()
        harness.network.after = { request, answer in
            if request.whmcsAction == "AddOrder" { harness.whmcs.update { $0.orders[0].clientId = 1236 } }
            return answer
        }
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorMessage?.hasSuffix("belongs to another client") == true)
        #expect(harness.count("AcceptOrder") == 0)
    }
}

/// An operator cancels the order in WHMCS and requests it again.
@Suite struct CancelledOrderTests {
    @Test("A new request after a cancellation creates another order") func requestedAgain() throws {
        let harness = try ProvisioningHarness()
        _ = try harness.failByCancelling()
        try harness.request(2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().map(\.status) == ["Cancelled", "Active"])
        let second = try #require(harness.whmcsOrders().last)
        #expect(try harness.ledger().whmcsOrderID == second.id)
        #expect(harness.field("WHMCS_Order_ID__c").string == String(second.id))
    }

    @Test("The cleared id of the cancelled order does not stay when it lands late") func lateClearing() throws {
        let harness = try ProvisioningHarness()
        _ = try harness.failByCancelling()
        try harness.request(2)
        let clears = { (request: Request) in request.method == "PATCH" && request.text.contains(#"_ID__c":null"#) }
        harness.network.before = { clears($0) ? .lost : nil }
        try harness.run()
        harness.network.before = { _ in nil }
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        try harness.carryOutLate(clears)
        #expect(harness.field("WHMCS_Order_ID__c") == .null)
        try harness.runWhenDue()
        #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().last.map { String($0.id) })
        #expect(try harness.ledger().dueAt == nil)
    }

    @Test("The id of the cancelled order in Salesforce does not refuse the next request") func lateID() throws {
        let harness = try ProvisioningHarness()
        let first = try harness.failByCancelling()
        try harness.request(2)
        harness.whmcs.failNext(.maintenance, on: "GetClientsDetails", times: 4)
        #expect(try harness.run()["status"] == "Activating")
        #expect(harness.field("WHMCS_Order_ID__c") == .null)
        let forgotten = try harness.ledger()
        #expect((forgotten.addOrder, forgotten.whmcsOrderID, forgotten.marker) == (.none, nil, nil))
        try harness.carryOutLate { $0.method == "PATCH" && $0.text.contains(#"_ID__c":"\#(first.id)""#) }
        #expect(harness.field("WHMCS_Order_ID__c").string == String(first.id))
        #expect(try harness.runWhenDue()["status"] == "Provisioned")
        #expect(harness.field("WHMCS_Order_ID__c").string == harness.whmcsOrders().last.map { String($0.id) })
    }

    /// A ledger restored from a backup, or an order of the old portal. Only a person may order again.
    @Test("A cancelled order that the ledger does not know is not ordered again") func foreignCancelled() throws {
        let harness = try ProvisioningHarness()
        try harness.run(Seed.otherOrder)
        let first = try #require(harness.whmcsOrders(Seed.otherOrder).first)
        harness.cancel(first.id)
        let record = try #require(harness.salesforce.record("Order", Seed.order))
        harness.salesforce.add(
            "Order", id: Seed.order, record.merging(["WHMCS_Order_ID__c": .string(String(first.id))]) { $1 })
        #expect(try harness.run()["status"] == "Failed")
        #expect(try harness.ledger().errorCode == "ORDER_NOT_PROVISIONABLE")
        #expect(harness.count("AddOrder") == 1)
    }

    /// The ledger does not know the order's id yet. Only a person may order again.
    @Test("An unanswered AddOrder whose order was cancelled is not sent again before a new request") func notAdopted()
        throws
    {
        let harness = try ProvisioningHarness()
        harness.whmcs.failNext(.actThenDrop, on: "AddOrder")
        try harness.request()
        try harness.run()
        harness.cancel(try #require(harness.whmcsOrders().first).id)
        #expect(try harness.runWhenDue()["status"] == "Failed")
        let cancelled = try #require(try harness.ledger().whmcsOrderID)
        #expect(try harness.ledger().errorCode == "WHMCS_REJECTED")
        #expect(harness.count("AddOrder") == 1)
        let reference = try harness.ledger().markerReference
        try harness.request(2)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(try harness.ledger().whmcsOrderID != cancelled)
        // Whoever has seen the old reference knows nothing of the new order.
        #expect(try harness.ledger().markerReference != reference)
    }
}

extension ProvisioningHarness {
    /// Requests the order. An operator cancels it in WHMCS before it is accepted, and it fails.
    ///
    /// - Returns: the cancelled WHMCS order.
    fileprivate func failByCancelling() throws -> WHMCSSimulator.Order {
        try request()
        whmcs.failNext(.answer(200, #"{"result":"error","message":"Server Error"}"#), on: "AcceptOrder")
        try run()
        let order = try #require(whmcsOrders().first)
        cancel(order.id)
        #expect(try runWhenDue()["status"] == "Failed")
        #expect(try ledger().errorCode == "WHMCS_REJECTED")
        return order
    }

    fileprivate func cancel(_ id: Int) {
        whmcs.update { state in
            for index in state.orders.indices where state.orders[index].id == id {
                state.orders[index].status = "Cancelled"
            }
        }
    }
}
