import AWS
import JSON
import Testbed
import Testing

/// Orders that fail, and orders that survive a failure of a service.
extension OrderFlowTests {
    @Test("A run replaces a revoked token and provisions the order")
    func revokedTokenIsReplaced() throws {
        let (warmUp, _) = harness.newOrder()
        try harness.fulfill(warmUp)
        try harness.wait(warmUp)
        testbed.salesforce.revokeTokens()

        let (order, client) = harness.newOrder()
        try harness.fulfill(order)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(try harness.ledger(order)["tries"]?.integer == 1)
        #expect(harness.whmcsOrders(client).count == 1)
    }

    @Test("An order of a closed client fails with CLIENT_CLOSED")
    func closedClientFails() throws {
        let (order, client) = harness.newOrder(clientStatus: "Closed")
        try harness.fulfill(order)
        let status = try harness.wait(order)
        #expect(status["errorCode"] == "CLIENT_CLOSED")
        let record = try harness.salesforceOrder(order)
        #expect(record["Provisioning_Status__c"] == "Failed")
        #expect(record["Provisioning_Error_Code__c"] == "CLIENT_CLOSED")
        #expect(harness.whmcsOrders(client).isEmpty)
    }

    @Test("MAPPING_FAILED reports the faults of all lines")
    func allMappingFaultsAreReported() throws {
        let (order, client) = harness.newOrder(lines: [
            Seed.Line(Seed.unmappedProduct), Seed.Line(Seed.fortnightlyHosting), Seed.Line(Seed.hosting),
        ])
        try harness.fulfill(order)
        #expect(try harness.wait(order)["errorCode"] == "MAPPING_FAILED")
        let message = try #require(harness.salesforceOrder(order)["Provisioning_Error_Message__c"]?.stringOrNumber)
        #expect(message.contains("it has no WHMCS product id"))
        #expect(message.contains("\"Fortnightly\" is not a WHMCS billing cycle"))
        #expect(!testbed.whmcs.state.orders.contains { $0.clientId == client })
    }

    @Test("An order whose module fails is not Provisioned before a person repeats the action in WHMCS")
    func failedModuleIsRepaired() throws {
        testbed.whmcs.update { $0.moduleErrors = [185: "No server has room"] }
        let (order, client) = harness.newOrder()
        try harness.fulfill(order)
        _ = try harness.poll("\(order) waiting for the repair") {
            try harness.ledger(order)["setupFailedAt"] != nil ? true : nil
        }
        #expect(try harness.get("/orders/\(order)").text.contains("WHMCS_SETUP_FAILED"))
        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
        #expect(try harness.salesforceOrder(order)["Provisioning_Status__c"] == "Activating")

        testbed.whmcs.update { state in
            state.moduleErrors = [:]
            state.retryModuleQueue()
        }
        try harness.recover(["orderId": .string(order)])
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(try harness.salesforceOrder(order)["Provisioning_Status__c"] == "Provisioned")
    }

    @Test("An order that a customer marked with the Salesforce id is left alone")
    func plantedOrderIsLeftAlone() throws {
        let (order, client) = harness.newOrder()
        let planted = testbed.whmcs.update { $0.addOrder(client: client, notes: "sfOrderId=\(order)") }
        try harness.fulfill(order)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(harness.whmcsOrders(client).map(\.status) == ["Pending", "Active"])
        #expect(try harness.salesforceOrder(order)["WHMCS_Order_ID__c"]?.stringOrNumber != String(planted.id))
        let alerts = harness.log("provision-order").compactMap { $0["alert"]?["message"]?.stringOrNumber }
        #expect(alerts.contains { $0.hasPrefix("WHMCS order \(planted.id) has a note") })
    }

    @Test("An order that failed without a pay method is provisioned when it is requested again with one")
    func missingPayMethodIsFixed() throws {
        let (order, client) = harness.newOrder(payMethod: false)
        try harness.fulfill(order)
        #expect(try harness.wait(order)["errorCode"] == "PAYMENT_METHOD_MISSING")
        #expect(try harness.salesforceOrder(order)["Provisioning_Error_Code__c"] == "PAYMENT_METHOD_MISSING")

        testbed.whmcs.addPayMethod(client)
        let again = try harness.fulfill(order)
        #expect(JSON(again.body)?["attempt"]?.integer == 2)
        #expect(try harness.wait(order, attempt: 2)["status"] == "Provisioned")
        #expect(try harness.salesforceOrder(order)["Provisioning_Error_Code__c"] ?? .null == .null)
        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
    }

    @Test(
        "The next run adopts the WHMCS order when the response to AddOrder is lost",
        arguments: [Fault.actThenDrop, .actThenTruncate, .actThenEmptyBody])
    func lostResponseOfAddOrderIsAdopted(fault: Fault) throws {
        let (order, client) = harness.newOrder()
        testbed.whmcs.failNext(fault, on: "AddOrder")
        try harness.fulfill(order)
        _ = try harness.poll("an order that is due again") {
            let item = try? harness.ledger(order)
            return item?["addOrder"] == "sent" && item?["leaseOwner"] == nil ? true : nil
        }
        try harness.publishEvent(of: order)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
    }

    @Test("The order's status decides about AcceptOrder, not its response")
    func acceptOrderIsReadBack() throws {
        let (order, client) = harness.newOrder()
        testbed.whmcs.failNext(
            .actThenAnswer(200, #"{"result":"error","message":"Module Command Error"}"#), on: "AcceptOrder")
        try harness.fulfill(order)
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
    }
}
