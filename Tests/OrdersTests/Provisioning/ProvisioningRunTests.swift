import Basics
import Testbed
import Testing

@testable import Orders

/// Runs that provision their order.
@Suite struct ProvisioningRunTests {
    static let allSteps = [
        "validation done", "sf_status_update done", "order_details done", "mapping done", "whmcs_create done",
        "whmcs_accept done", "whmcs_setup done", "sf_success_update done",
    ]

    @Test("One run provisions an order in WHMCS, Salesforce and the ledger") func oneRun() throws {
        let harness = try ProvisioningHarness()
        try harness.request()
        #expect(try harness.run() == ["orderId": .string(Seed.order), "status": "Provisioned"])
        #expect(harness.steps == Self.allSteps)

        // WHMCS: one active order with the marker, and its services.
        let order = try #require(harness.whmcsOrders().first)
        #expect(harness.whmcs.state.orders.count == 1)
        #expect((order.status, order.clientId) == ("Active", 1234))
        #expect(try harness.ledger().marker?.text == order.notes)
        #expect(order.paymentMethod == "mailin")
        let services = harness.whmcs.state.services(ofOrder: order.id)
        #expect(services.map(\.pid).sorted() == [185, 186, 186])
        #expect(Set(services.map(\.billingCycle)) == ["monthly", "onetime"])

        // Salesforce: the order's status, and the service ids of each line.
        #expect(harness.salesforce.statusHistory(Seed.order) == ["Activating", "Provisioned"])
        #expect(harness.field("WHMCS_Order_ID__c") == .string(String(order.id)))
        #expect(harness.field("Provisioning_Error_Code__c") == .null)
        #expect(harness.field("Last_Provisioning_At__c").string?.hasPrefix("2026-11-20T10:15:30") == true)
        let lines = (harness.salesforce.state.records["OrderItem"] ?? [:]).values.filter {
            $0["OrderId"] == .string(Seed.order)
        }
        let reported = lines.map { [$0["Product2Id"]?.string ?? "", $0["WHMCS_Service_ID__c"]?.string ?? ""] }
        func ids(_ pid: Int) -> String {
            services.filter { $0.pid == pid }.map { String($0.id) }.sorted().joined(separator: ",")
        }
        #expect(Set(reported) == [[Seed.hosting, ids(185)], [Seed.setup, ids(186)]])

        // The ledger: ended and not due.
        let item = try harness.aws.order(Seed.order)
        #expect(item["open"] == nil && item["dueAt"] == nil && item["leaseOwner"] == nil && item["leaseUntil"] == nil)
        #expect(item["errorCode"] == nil && item["errorMessage"] == nil)
        let ledger = try harness.ledger()
        #expect((ledger.status, ledger.step, ledger.addOrder) == (.provisioned, .successUpdate, .added))
        #expect((ledger.requestNumber, ledger.attempts, ledger.whmcsOrderID) == (1, 1, order.id))
        #expect(ledger.whmcsServiceIDs.sorted() == services.map(\.id).sorted())
        #expect(item["history"]?.array?.compactMap { $0["status"]?.string } == ["Accepted", "Provisioned"])
    }

    @Test("Each step logs one line with its ids and its duration") func log() throws {
        let harness = try ProvisioningHarness()
        harness.network.after = { request, answer in
            if request.whmcsAction == "AcceptOrder" { harness.network.now += 1234 }
            return answer
        }
        try harness.run()
        let lines = harness.log.lines.filter { $0["message"] == "step" }
        #expect(lines.count == 8)
        for line in lines {
            #expect((line["level"], line["orderId"]) == ("INFO", .string(Seed.order)))
            #expect((line["correlationId"], line["requestId"]) == ("correlation-1", "run-1"))
            #expect(line["milliseconds"] == (line["step"] == "whmcs_accept" ? 1234 : 0), "\(line)")
        }
    }

    @Test("The custom field of each product gets the marker") func markerField() throws {
        let harness = try ProvisioningHarness(["WHMCS_MARKER_FIELD": "Salesforce Order"])
        try harness.run()
        let fields = harness.whmcs.state.services.map(\.customFields)
        #expect(fields.count == 3)
        let marker = try #require(try harness.ledger().marker?.text)
        for field in fields { #expect(field.values.contains(marker)) }
    }

    @Test(
        "WHMCS_PRICE_FROM_SALESFORCE chooses whose prices count",
        arguments: [("false", ["49.00", "49.00", "9.90"]), ("true", ["3.50", "3.50", "3.50"])] as [(String, [String])])
    func prices(_ setting: String, _ amounts: [String]) throws {
        let harness = try ProvisioningHarness(["WHMCS_PRICE_FROM_SALESFORCE": setting, "SF_CURRENCY": "USD"])
        harness.salesforce.update { state in
            for (id, var item) in state.records["OrderItem"] ?? [:] {
                item["UnitPrice"] = .number(3.5)
                state.add("OrderItem", id: id, item)
            }
        }
        try harness.run()
        #expect(harness.whmcs.state.services.map(\.amount).sorted() == amounts)
    }

    /// The Salesforce field holds 255 characters, and half an id would be another service's.
    @Test("Service ids that do not fit into the field are left out as a whole") func manyServices() throws {
        let harness = try ProvisioningHarness()
        let id = harness.addOrder([Seed.Line(Seed.hosting, quantity: 60)])
        #expect(try harness.run(id)["status"] == "Provisioned")
        let services = harness.whmcs.state.services.map { String($0.id) }
        #expect(services.count == 60)
        let line = (harness.salesforce.state.records["OrderItem"] ?? [:]).values.first { $0["OrderId"] == .string(id) }
        let text = line?["WHMCS_Service_ID__c"]?.string ?? ""
        let count = text.split(separator: ",").count
        #expect(text.utf16.count <= 255)
        #expect(count > 40)
        #expect(text == services.prefix(count).joined(separator: ","))
    }

    @Test(
        "Every shape of WHMCS's lists is read", arguments: WHMCSSimulator.ResponseFormat.List.allCases,
        WHMCSSimulator.ResponseFormat.Empty.allCases)
    func listShapes(_ list: WHMCSSimulator.ResponseFormat.List, _ empty: WHMCSSimulator.ResponseFormat.Empty) throws {
        let harness = try ProvisioningHarness(["WHMCS_MARKER_FIELD": "Salesforce Order"])
        harness.whmcs.configuration.responseFormat = .init(numbersAsText: true, list: list, empty: empty)
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcsOrders().map(\.status) == ["Active"])
    }

    @Test("An order whose marker WHMCS drops is created once, with a warning") func droppedMarker() throws {
        let harness = try ProvisioningHarness()
        harness.whmcs.configuration.dropsNotes = true
        #expect(try harness.run()["status"] == "Provisioned")
        #expect(harness.whmcs.state.orders.count == 1)
        #expect(harness.log.messages.contains("WHMCS dropped the order's marker"))
    }

    @Test("A Provisioned order is left as it is") func provisionedOrder() throws {
        let harness = try ProvisioningHarness()
        try harness.run()
        let before = try harness.aws.order(Seed.order)
        let sent = harness.network.requests.count
        #expect(try harness.run() == ["orderId": .string(Seed.order), "status": "Provisioned"])
        #expect(try harness.runPlatformEvent("another")["status"] == "Provisioned")
        // Each run asks for the lease, and nothing else.
        #expect(harness.network.requests.dropFirst(sent).map(\.action) == ["UpdateItem", "UpdateItem"])
        #expect(try harness.aws.order(Seed.order) == before)
    }
}
