import JSON
import Testbed
import Testing

@testable import Orders

/// Failures that end the order as Failed.
@Suite struct PermanentFailureTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var code: String
        var message: String
        var order = Seed.order
        var settings: [String: String] = [:]
        var steps: [String]
        var arrange: @Sendable (ProvisioningHarness) throws -> Void = { _ in }

        var testDescription: String { "\(code): \(message)" }
    }

    private static let untilDetails = ["validation done", "sf_status_update done", "order_details failed"]
    private static let untilMapping = [
        "validation done", "sf_status_update done", "order_details done", "mapping failed",
    ]
    private static let untilCreate = [
        "validation done", "sf_status_update done", "order_details done", "mapping done", "whmcs_create failed",
    ]

    static let examples: [Example] = [
        Example(
            code: "ORDER_NOT_PROVISIONABLE", message: "orders with the status Approved are not provisioned",
            settings: ["SF_PROVISIONABLE_STATUSES": "Draft,Activated"], steps: ["validation failed"]),
        Example(
            code: "ORDER_NOT_PROVISIONABLE", message: "the order's price book is not the portal's",
            settings: ["PORTAL_PRICEBOOK_ID": "01sDn000000AbCe"], steps: ["validation failed"]),
        Example(
            code: "ORDER_NOT_PROVISIONABLE", message: "the order has no lines", order: "801Dn0000014UPzIAM",
            steps: ["validation failed"],
            arrange: { _ = $0.addOrder(id: "801Dn0000014UPz", []) }),
        Example(
            code: "ORDER_NOT_PROVISIONABLE",
            message: "WHMCS_Order_ID__c already names WHMCS order 77; clear the field to create another",
            steps: ["validation failed"],
            arrange: { harness in
                harness.salesforce.update { state in
                    let fields = state.record("Order", Seed.order) ?? [:]
                    _ = state.add("Order", id: Seed.order, fields.merging(["WHMCS_Order_ID__c": "77"]) { $1 })
                }
            }),
        Example(
            code: "CLIENT_NOT_LINKED",
            message: "the account's WH_Account__c does not name a WHMCS client like \"#1234 - Name\"",
            order: Seed.notLinkedOrder, steps: untilDetails),
        Example(
            code: "CLIENT_NOT_LINKED", message: "WHMCS does not know client 1234, which the account names",
            steps: untilDetails, arrange: { $0.whmcs.update { $0.clients = [] } }),
        Example(
            code: "CLIENT_CLOSED", message: "WHMCS client 1235 is closed", order: Seed.closedClientOrder,
            steps: untilDetails),
        Example(
            code: "PAYMENT_METHOD_MISSING",
            message: "WHMCS client 1236 has no pay method; request again when the customer has added one",
            order: Seed.noPayMethodOrder, steps: untilDetails),
        Example(
            code: "MAPPING_FAILED",
            message: "line 1 (Carrier Pigeon): it has no WHMCS product id; "
                + "line 2 (Web Hosting, lunar): \"Fortnightly\" is not a WHMCS billing cycle",
            order: Seed.unmappedOrder, steps: untilMapping),
        Example(
            code: "WHMCS_REJECTED", message: "WHMCS does not know the payment method; it knows mailin, stripe.",
            settings: ["WHMCS_PAYMENT_METHOD": "goldbars"], steps: untilCreate),
        Example(
            code: "WHMCS_REJECTED",
            message: "WHMCS does not allow the address 192.0.2.9: add it to the API's list of addresses, or use an "
                + "access key.", steps: untilDetails,
            arrange: { harness in
                harness.whmcs.configuration.allowedAddresses = ["192.0.2.1"]
                harness.whmcs.configuration.callerAddress = "192.0.2.9"
            }),
        Example(
            code: "WHMCS_REJECTED", message: "The WHMCS API role does not allow GetPayMethods.", steps: untilDetails,
            arrange: { $0.whmcs.configuration.permissions = ["GetClientsDetails"] }),
        Example(
            code: "SALESFORCE_REJECTED",
            message: "Salesforce refused while updating the order: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            settings: ["SF_STATUS_ACTIVATING": "Beaming"],
            steps: ["validation done", "sf_status_update failed", "order_details done"]),
        // Retryable failures of the last attempt.
        Example(
            code: "WHMCS_UNAVAILABLE", message: "WHMCS answered GetClientsDetails with HTTP 503 and no JSON.",
            settings: ["MAX_ATTEMPTS": "1"],
            steps: ["validation done", "sf_status_update done", "order_details later"],
            arrange: { $0.whmcs.failNext(.maintenance, times: 10) }),
        Example(
            code: "SALESFORCE_UNAVAILABLE",
            message: "Salesforce was not available while reading the order: HTTP 503 without JSON.",
            settings: ["MAX_ATTEMPTS": "1"], steps: ["validation later"],
            arrange: { $0.salesforce.failNext(.maintenance, on: "/query", times: 10) }),
    ]

    @Test("The ledger and Salesforce get the code, and WHMCS no order", arguments: examples)
    func isReported(_ example: Example) throws {
        let harness = try ProvisioningHarness(example.settings)
        try example.arrange(harness)
        try harness.request(1, example.order)
        let answer = try harness.run(example.order)
        #expect(answer["status"] == "Failed")
        #expect(harness.steps == example.steps + ["sf_failure_update done"])

        let reported = harness.field("Provisioning_Error_Message__c", example.order).string ?? ""
        #expect(reported.hasPrefix(example.message), "\(reported)")
        #expect(reported.utf16.count <= 255)
        #expect(harness.field("Provisioning_Error_Code__c", example.order) == .string(example.code))
        #expect(harness.field("Last_Provisioning_At__c", example.order) != .null)
        #expect(harness.salesforce.statusHistory(example.order).last == "Failed")

        let item = try harness.aws.order(example.order)
        #expect((item["status"], item["errorCode"]) == ("Failed", .string(example.code)))
        #expect(item["errorMessage"]?.string?.hasPrefix(reported) == true)
        #expect(item["open"] == nil && item["dueAt"] == nil && item["leaseOwner"] == nil)
        #expect(item["history"]?.array?.last?["code"] == .string(example.code))
        #expect(item["addOrder"] == nil || item["addOrder"] == "none")
        #expect(harness.whmcs.state.orders.isEmpty)
    }

    /// Salesforce refuses the report, too.
    @Test("An order that Salesforce does not have is Failed in the ledger") func orderNotFound() throws {
        let harness = try ProvisioningHarness()
        #expect(try harness.run("801Dn0000014UPz")["status"] == "Failed")
        let order = try harness.ledger("801Dn0000014UPzIAM")
        #expect((order.status, order.errorCode, order.dueAt) == (.failed, "ORDER_NOT_FOUND", nil))
        #expect(harness.steps == ["validation failed", "sf_failure_update failed"])
        #expect(
            harness.log.lines.contains {
                $0["message"] == "Salesforce refused the final status" && $0["status"] == "Failed"
            })
        #expect(harness.whmcs.state.actions == [])
    }

    @Test("A long message is cut for Salesforce only") func longMessage() throws {
        let harness = try ProvisioningHarness()
        let lines = (1...20).map { _ in Seed.Line(Seed.unmappedProduct, cycle: "Fortnightly") }
        let id = harness.addOrder(lines)
        try harness.run(id)
        let reported = harness.field("Provisioning_Error_Message__c", id).string ?? ""
        let kept = try harness.ledger(id).errorMessage ?? ""
        #expect(reported.count == 255)
        #expect(kept.hasPrefix(reported) && kept.contains("line 20 (Carrier Pigeon)"))
    }

    @Test("A new request succeeds once the cause is fixed") func fixed() throws {
        let harness = try ProvisioningHarness()
        let id = Seed.noPayMethodOrder
        try harness.request(1, id)
        try harness.run(id)
        #expect(try harness.ledger(id).errorCode == "PAYMENT_METHOD_MISSING")
        harness.whmcs.addPayMethod(1236)
        try harness.request(2, id)
        #expect(try harness.run(id)["status"] == "Provisioned")
        let order = try harness.ledger(id)
        #expect((order.requestNumber, order.errorCode, order.errorMessage) == (2, nil, nil))
        #expect(harness.field("Provisioning_Error_Code__c", id) == .null)
        #expect(harness.field("Provisioning_Error_Message__c", id) == .null)
        #expect(harness.salesforce.statusHistory(id) == ["Activating", "Failed", "Activating", "Provisioned"])
    }

    @Test("A client needs no pay method where none is required") func payMethodNotRequired() throws {
        let harness = try ProvisioningHarness(["WHMCS_REQUIRE_PAY_METHOD": "false"])
        #expect(try harness.run(Seed.noPayMethodOrder)["status"] == "Provisioned")
        #expect(harness.count("GetPayMethods") == 0)
    }
}
