import JSON
import Testbed
import Testing

@testable import Orders

/// Each code of the contract: in the ledger, in Salesforce, and nothing ordered.
@Suite struct PermanentFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var code: String
        var message: String
        var order = Seed.order
        var settings: [String: String] = [:]
        var steps: [String]
        var arrange: @Sendable (ProvisioningHarness) throws -> Void = { _ in }

        var testDescription: String { "\(code): \(message)" }
    }

    private static let upToDetails = ["validation done", "sf_status_update done", "order_details failed"]
    private static let upToMapping = [
        "validation done", "sf_status_update done", "order_details done", "mapping failed",
    ]
    private static let upToCreate = [
        "validation done", "sf_status_update done", "order_details done", "mapping done", "whmcs_create failed",
    ]

    static let cases: [Case] = [
        Case(
            code: "ORDER_NOT_PROVISIONABLE", message: "orders with the status Approved are not provisioned",
            settings: ["SF_PROVISIONABLE_STATUSES": "Draft,Activated"], steps: ["validation failed"]),
        Case(
            code: "ORDER_NOT_PROVISIONABLE", message: "the order's price book is not the portal's",
            settings: ["PORTAL_PRICEBOOK_ID": "01sDn000000AbCe"], steps: ["validation failed"]),
        Case(
            code: "ORDER_NOT_PROVISIONABLE", message: "the order has no lines", order: "801Dn0000014UPzIAM",
            steps: ["validation failed"],
            arrange: { harness in
                harness.salesforce.update { _ = $0.addOrder(id: "801Dn0000014UPz", account: Seed.account, lines: []) }
            }),
        Case(
            code: "ORDER_NOT_PROVISIONABLE",
            message: "WHMCS_Order_ID__c already names WHMCS order 77; clear the field to create another",
            steps: ["validation failed"],
            arrange: { harness in
                harness.salesforce.update { state in
                    let fields = state.record("Order", Seed.order) ?? [:]
                    _ = state.add("Order", id: Seed.order, fields.merging(["WHMCS_Order_ID__c": "77"]) { $1 })
                }
            }),
        Case(
            code: "CLIENT_NOT_LINKED",
            message: "the account's WH_Account__c does not name a WHMCS client like \"#1234 - Name\"",
            order: Seed.notLinkedOrder, steps: upToDetails),
        Case(
            code: "CLIENT_NOT_LINKED", message: "WHMCS does not know client 1234, which the account names",
            steps: upToDetails, arrange: { $0.whmcs.update { $0.clients = [] } }),
        Case(
            code: "CLIENT_CLOSED", message: "WHMCS client 1235 is closed", order: Seed.closedClientOrder,
            steps: upToDetails),
        Case(
            code: "PAYMENT_METHOD_MISSING",
            message: "WHMCS client 1236 has no pay method; request again when the customer has added one",
            order: Seed.noPayMethodOrder, steps: upToDetails),
        Case(
            code: "MAPPING_FAILED",
            message: "line 1 (Carrier Pigeon): it has no WHMCS product id; "
                + "line 2 (Web Hosting, lunar): \"Fortnightly\" is no billing cycle of WHMCS",
            order: Seed.unmappedOrder, steps: upToMapping),
        Case(
            code: "WHMCS_REJECTED", message: "WHMCS does not know the payment method; it knows mailin, stripe.",
            settings: ["WHMCS_PAYMENT_METHOD": "goldbars"], steps: upToCreate),
        Case(
            code: "WHMCS_REJECTED",
            message: "WHMCS does not allow the address 192.0.2.9: add it to the API's list of addresses, or use an "
                + "access key.", steps: upToDetails,
            arrange: { harness in
                harness.whmcs.configuration.allowedAddresses = ["192.0.2.1"]
                harness.whmcs.configuration.callerAddress = "192.0.2.9"
            }),
        Case(
            code: "WHMCS_REJECTED", message: "The WHMCS API role does not allow GetPayMethods.", steps: upToDetails,
            arrange: { $0.whmcs.configuration.permissions = ["GetClientsDetails"] }),
        Case(
            code: "SALESFORCE_REJECTED",
            message: "Salesforce refused while updating the order: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            settings: ["SF_STATUS_ACTIVATING": "Beaming"], steps: ["validation done", "sf_status_update failed"]),
        Case(
            code: "PROVISIONING_ERROR",
            message: "WHMCS_CREDENTIALS_PARAMETER names a parameter that does not exist", steps: upToDetails,
            arrange: { harness in
                try harness.aws.deleteParameter("whmcs")
                try harness.restart()
            }),
        // The last attempt of what usually passes.
        Case(
            code: "WHMCS_UNAVAILABLE", message: "WHMCS answered GetClientsDetails with HTTP 503 and no JSON.",
            settings: ["MAX_ATTEMPTS": "1"],
            steps: ["validation done", "sf_status_update done", "order_details later"],
            arrange: { $0.whmcs.failNext(.maintenance, times: 10) }),
        Case(
            code: "SALESFORCE_UNAVAILABLE",
            message: "Salesforce was not available while reading the order: HTTP 503 without JSON.",
            settings: ["MAX_ATTEMPTS": "1"], steps: ["validation later"],
            arrange: { $0.salesforce.failNext(.maintenance, on: "/query", times: 10) }),
    ]

    @Test(arguments: cases) func isToldInTheLedgerAndInSalesforce(_ failure: Case) throws {
        let harness = try ProvisioningHarness(failure.settings)
        try failure.arrange(harness)
        try harness.request(failure.order, 1)
        let answer = try harness.run(failure.order)
        #expect(answer["status"] == "Failed")
        #expect(harness.steps == failure.steps + ["sf_failure_update done"])

        let told = harness.field("Provisioning_Error_Message__c", failure.order).string ?? ""
        #expect(told.hasPrefix(failure.message), "\(told)")
        #expect(told.utf16.count <= 255)
        #expect(harness.field("Provisioning_Error_Code__c", failure.order) == .string(failure.code))
        #expect(harness.field("Last_Provisioning_At__c", failure.order) != .null)
        #expect(harness.salesforce.statusHistory(failure.order).last == "Failed")

        let item = try harness.aws.order(failure.order)
        #expect((item["status"], item["errorCode"]) == ("Failed", .string(failure.code)))
        #expect(item["errorMessage"]?.string?.hasPrefix(told) == true)
        #expect(item["open"] == nil && item["dueAt"] == nil && item["leaseOwner"] == nil)
        #expect(item["history"]?.array?.last?["code"] == .string(failure.code))
        #expect(item["addOrder"] == nil || item["addOrder"] == "none")
        #expect(harness.whmcs.state.orders.isEmpty)
    }

    /// Salesforce cannot be told about an order it does not have.
    @Test func anOrderThatIsNotThere() throws {
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

    @Test func aLongMessageIsCutForSalesforceOnly() throws {
        let harness = try ProvisioningHarness()
        harness.salesforce.update { state in
            let lines = (1...20).map { _ in Seed.Line(Seed.unmappedProduct, cycle: "Fortnightly") }
            _ = state.addOrder(id: "801Dn0000014UPz", account: Seed.account, lines: lines)
        }
        try harness.run("801Dn0000014UPz")
        let told = harness.field("Provisioning_Error_Message__c", "801Dn0000014UPz").string ?? ""
        let kept = try harness.ledger("801Dn0000014UPzIAM").errorMessage ?? ""
        #expect(told.count == 255)
        #expect(kept.hasPrefix(told) && kept.contains("line 20 (Carrier Pigeon)"))
    }

    @Test func whatWasMendedSucceedsWhenRequestedAgain() throws {
        let harness = try ProvisioningHarness()
        try harness.request(Seed.noPayMethodOrder, 1)
        try harness.run(Seed.noPayMethodOrder)
        #expect(try harness.ledger(Seed.noPayMethodOrder).errorCode == "PAYMENT_METHOD_MISSING")
        harness.whmcs.addPayMethod(1236)
        try harness.request(Seed.noPayMethodOrder, 2)
        #expect(try harness.run(Seed.noPayMethodOrder)["status"] == "Provisioned")
        let order = try harness.ledger(Seed.noPayMethodOrder)
        #expect((order.requestNumber, order.errorCode, order.errorMessage) == (2, nil, nil))
        #expect(harness.field("Provisioning_Error_Code__c", Seed.noPayMethodOrder) == .null)
        #expect(harness.field("Provisioning_Error_Message__c", Seed.noPayMethodOrder) == .null)
        #expect(
            harness.salesforce.statusHistory(Seed.noPayMethodOrder) == [
                "Activating", "Failed", "Activating", "Provisioned",
            ])
    }

    @Test func aPayMethodIsNotAskedForWhereNoneIsRequired() throws {
        let harness = try ProvisioningHarness(["WHMCS_REQUIRE_PAY_METHOD": "false"])
        #expect(try harness.run(Seed.noPayMethodOrder)["status"] == "Provisioned")
        #expect(harness.count("GetPayMethods") == 0)
    }

    /// Decided to be Failed while Salesforce was down: only that is left to be told.
    @Test func salesforceIsToldOnceItAnswers() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.tells("Failed") ? .unreachable : nil }
        // The portal sees it at once.
        #expect(try harness.run(Seed.closedClientOrder)["status"] == "Failed")
        let waiting = try harness.ledger(Seed.closedClientOrder)
        #expect((waiting.step, waiting.errorCode) == (.failureUpdate, "CLIENT_CLOSED"))
        #expect(waiting.dueAt != nil)
        #expect(try harness.leaseUntil(Seed.closedClientOrder) == nil)
        let asked = harness.whmcs.state.actions
        // For as long as it takes, whatever MAX_ATTEMPTS says.
        for _ in 1...20 {
            try harness.waitUntilDue(Seed.closedClientOrder)
            try harness.run(Seed.closedClientOrder)
        }
        harness.network.before = { _ in nil }
        try harness.waitUntilDue(Seed.closedClientOrder)
        #expect(try harness.run(Seed.closedClientOrder)["status"] == "Failed")
        #expect(harness.field("Provisioning_Error_Code__c", Seed.closedClientOrder) == "CLIENT_CLOSED")
        #expect(harness.field("Provisioning_Error_Message__c", Seed.closedClientOrder) == "WHMCS client 1235 is closed")
        #expect(harness.whmcs.state.actions == asked)
        #expect(harness.steps.suffix(2) == ["sf_failure_update later", "sf_failure_update done"])
        #expect(try harness.ledger(Seed.closedClientOrder).dueAt == nil)
    }

    /// Who asks again does not wait for Salesforce to learn of the failure before.
    @Test func anUntoldFailureMayBeRequestedAgain() throws {
        let harness = try ProvisioningHarness()
        harness.network.before = { $0.tells("Failed") ? .unreachable : nil }
        try harness.run(Seed.noPayMethodOrder)
        harness.whmcs.addPayMethod(1236)
        try harness.request(Seed.noPayMethodOrder, 2)
        #expect(try harness.run(Seed.noPayMethodOrder)["status"] == "Provisioned")
        #expect(harness.field("Provisioning_Status__c", Seed.noPayMethodOrder) == "Provisioned")
    }
}
