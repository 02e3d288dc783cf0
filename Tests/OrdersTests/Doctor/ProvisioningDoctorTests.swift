import Basics
import HTTP
import JSON
import Lambda
import Salesforce
import TestSupport
import Testbed
import Testing
import WHMCS

@testable import Orders

extension ProvisioningHarness {
    /// A suite in which nothing is wrong: with a token, and without the two products that only orders with faults have.
    static func healthy(_ values: [String: String] = [:]) throws -> ProvisioningHarness {
        let harness = try ProvisioningHarness()
        try harness.storeToken()
        try harness.restart(["ORDER_QUEUE_URL": harness.aws.orderQueueURL].merging(values) { $1 })
        harness.salesforce.update { state in
            for product in [Seed.unmappedProduct, Seed.fortnightlyHosting] {
                state.add("Product2", id: product, ["IsActive": false])
            }
        }
        return harness
    }

    func storeToken() throws {
        let token = Token(
            accessToken: salesforce.issueToken(), instanceURL: salesforce.url, issuedAt: network.now - 600_000)
        try aws.put("token", token?.parameterValue ?? "")
    }

    func doctor(_ request: JSON = true) throws -> Findings { Findings(try deliver(["doctor": request])) }

    /// Answers an action of AWS with an error.
    func refuse(_ action: String, _ code: String) {
        network.before = { request in
            request.action == action ? .answer(400, #"{"__type":"\#(code)","message":"no"}"#) : nil
        }
    }

    /// Answers an action of WHMCS.
    func answer(_ action: String, _ answer: Result<Response, HTTPFailure>) {
        network.before = { $0.whmcsAction == action ? answer : nil }
    }
}

@Suite struct ProvisioningDoctorTests {
    typealias Case = Illness<ProvisioningHarness>

    @Test("A healthy suite passes every check") func healthy() throws {
        let findings = try ProvisioningHarness.healthy().doctor()
        #expect(findings.isOK == true)
        #expect(
            findings.names == [
                "Salesforce token", "WHMCS credentials", "ledger", "order queue", "Salesforce", "Salesforce quota",
                "Salesforce fields written", "Salesforce fields read", "Salesforce status values",
                "Salesforce order statuses", "Salesforce order", "WHMCS", "WHMCS payment method",
                "WHMCS GetClientsDetails", "WHMCS GetClientsProducts", "WHMCS GetPayMethods", "WHMCS GetProducts",
                "WHMCS GetOrders", "WHMCS GetModuleQueue", "WHMCS AddOrder", "WHMCS AcceptOrder", "WHMCS CancelOrder",
                "catalogue: orders", "catalogue: prices", "WHMCS marker field", "catalogue: hidden products",
            ])
        #expect(findings.names(false) == [])
        #expect(findings.names(nil) == ["catalogue: hidden products"])
        #expect(findings.detail("Salesforce token") == "10 min old")
        #expect(findings.detail("order queue") == "0 messages wait")
        #expect(findings.detail("catalogue: orders") == "4 products of the price book can be ordered")
    }

    @Test("Nothing changes, and no order arrives", arguments: [true, "catalogue"] as [JSON])
    func changesNothing(_ request: JSON) throws {
        let harness = try ProvisioningHarness.healthy()
        let (records, issued) = (harness.salesforce.state.records, harness.salesforce.state.tokensIssued)
        let token = try harness.aws.value("token")
        _ = try harness.doctor(request)
        #expect(try harness.aws.keys() == [])
        #expect(try harness.aws.takeEvents() == [])
        #expect(try harness.aws.value("token") == token)
        #expect(harness.refreshes.values == [])
        #expect(harness.salesforce.state.records == records)
        #expect(harness.salesforce.state.tokensIssued == issued)
        #expect(harness.whmcs.state.orders == [])
        #expect(harness.network.requests.allSatisfy { $0.method != "PATCH" && $0.action != "PutParameter" })
    }

    static let resources: [Case] = [
        Case(
            name: "no token", change: { try $0.aws.deleteParameter("token") }, check: "Salesforce token",
            detail: "no token is stored", help: "Invoke refresh-sf-token once"),
        Case(
            name: "no token, Salesforce", change: { try $0.aws.deleteParameter("token") }, check: "Salesforce",
            isOK: nil, detail: "no token to ask with"),
        Case(
            name: "unreadable token", change: { try $0.aws.put("token", "{}") }, check: "Salesforce token",
            detail: "cannot be read", help: "Invoke refresh-sf-token"),
        Case(
            name: "no credentials", change: { try $0.aws.deleteParameter("whmcs") }, check: "WHMCS credentials",
            detail: "does not exist", help: "Put {\"identifier\""),
        Case(
            name: "half of the credentials", change: { try $0.aws.put("whmcs", #"{"identifier":"i"}"#) },
            check: "WHMCS credentials", detail: "\"secret\" is missing", help: "Put {\"identifier\""),
        Case(
            name: "no right to the parameters", change: { $0.refuse("GetParameters", "AccessDeniedException") },
            check: "parameters", detail: "AccessDeniedException", help: "role lacks a right"),
        Case(
            name: "no table", change: { $0.refuse("GetItem", "ResourceNotFoundException") }, check: "ledger",
            detail: "GetItem was refused", help: "creates what is missing"),
        Case(
            name: "no right to write", change: { $0.refuse("UpdateItem", "AccessDeniedException") }, check: "ledger",
            detail: "UpdateItem was refused", help: "role lacks a right"),
        Case(
            name: "no queue",
            change: { $0.refuse("GetQueueAttributes", "com.amazonaws.sqs#QueueDoesNotExist") }, check: "order queue",
            detail: "QueueDoesNotExist", help: "creates what is missing"),
    ]

    static let salesforce: [Case] = [
        Case(
            name: "revoked token", change: { $0.salesforce.revokeTokens() }, check: "Salesforce",
            detail: "does not accept the token", help: "Invoke refresh-sf-token"),
        Case(
            name: "revoked token, the rest", change: { $0.salesforce.revokeTokens() },
            check: "Salesforce quota, fields and records", isOK: nil, detail: "did not answer"),
        Case(
            name: "retired version", variables: ["SF_API_VERSION": "v30.0"], check: "Salesforce",
            detail: "UNSUPPORTED_API_VERSION", help: "Set SF_API_VERSION"),
        Case(
            name: "maintenance",
            change: { harness in
                harness.network.before = { harness.isSalesforce($0) ? .answer(503, "<html>") : nil }
            }, check: "Salesforce", detail: "HTTP 503 without JSON", help: "status.salesforce.com"),
        Case(
            name: "few calls left", change: { harness in harness.salesforce.update { $0.dailyCalls = 1 } },
            check: "Salesforce quota", detail: "of 1 calls in 24 hours", help: "Find out which program"),
        Case(
            name: "hidden field",
            change: { $0.restrict("Order.Provisioning_Status__c", .hidden) }, check: "Salesforce fields written",
            detail: "SF_FIELD_STATUS: Order has no field Provisioning_Status__c, or the user may not see it",
            help: "SF_FIELD_"),
        Case(
            name: "read-only field", change: { $0.restrict("OrderItem.WHMCS_Service_ID__c", .readOnly) },
            check: "Salesforce fields written",
            detail: "SF_FIELD_SERVICE_ID: the user may not edit WHMCS_Service_ID__c", help: "let the integration user"),
        Case(
            name: "wrong type", variables: ["SF_FIELD_LAST_ATTEMPT": "WHMCS_Order_ID__c"],
            check: "Salesforce fields written", detail: "has the type string, not datetime", help: "SF_FIELD_"),
        Case(
            name: "short field", variables: ["SF_ERROR_MESSAGE_LENGTH": "1000"], check: "Salesforce fields written",
            detail: "Provisioning_Error_Message__c holds 255 characters, not 1000", help: "SF_FIELD_"),
        Case(
            name: "field of the account", variables: ["SF_FIELD_CLIENT": "Nobody__c"],
            check: "Salesforce fields read", detail: "SF_FIELD_CLIENT: Order has no field Account.Nobody__c",
            help: "SF_FIELD_"),
        Case(
            name: "path through two objects", variables: ["SF_FIELD_PRODUCT": "PricebookEntry.Product2.Nobody__c"],
            check: "Salesforce fields read", detail: "no field PricebookEntry.Product2.Nobody__c", help: "SF_FIELD_"),
        Case(
            name: "path to no object", variables: ["SF_FIELD_DOMAIN": "Nobody__r.Name"],
            check: "Salesforce fields read", detail: "SF_FIELD_DOMAIN: OrderItem has no field Nobody__r.Name",
            help: "SF_FIELD_"),
        Case(
            name: "status value", variables: ["SF_STATUS_FAILED": "Broken"], check: "Salesforce status values",
            detail: "Provisioning_Status__c has no Broken", help: "SF_FIELD_"),
        Case(
            name: "misspelt order status", variables: ["SF_PROVISIONABLE_STATUSES": "Approved, Aktivated"],
            check: "Salesforce order statuses", detail: "the picklist Status has no Aktivated", help: "SF_FIELD_"),
        Case(
            name: "order that cannot be read", variables: ["SF_FIELD_DOMAIN": "Nobody__c"], check: "Salesforce order",
            detail: "INVALID_FIELD", help: "check the SF_FIELD_ settings"),
        Case(
            name: "no order", variables: ["PORTAL_PRICEBOOK_ID": "01sDn000000ZzZzIAK"], check: "Salesforce order",
            isOK: nil, detail: "no order of PORTAL_PRICEBOOK_ID", help: "share them"),
    ]

    static let whmcs: [Case] = [
        Case(
            name: "address", change: { $0.whmcs.configuration.allowedAddresses = ["10.0.0.1"] }, check: "WHMCS",
            detail: "does not allow the address 127.0.0.1", help: "Give the functions a fixed one (a VPC with NAT)"),
        Case(
            name: "address, the rest", change: { $0.whmcs.configuration.allowedAddresses = ["10.0.0.1"] },
            check: "WHMCS payment method and actions", isOK: nil, detail: "did not answer"),
        Case(
            name: "wrong secret", change: { try $0.aws.put("whmcs", #"{"identifier":"identifier","secret":"x"}"#) },
            check: "WHMCS", detail: "Authentication Failed", help: "Create API credentials"),
        Case(
            name: "page of a firewall", change: { $0.answer("GetPaymentMethods", .answer(200, "<html>")) },
            check: "WHMCS", detail: "no JSON", help: "/includes/api.php"),
        Case(
            name: "unreachable", change: { $0.answer("GetPaymentMethods", .unreachable) }, check: "WHMCS",
            detail: "did not answer", help: "Check WHMCS_API_URL"),
        Case(
            name: "crash", change: { $0.answer("GetPaymentMethods", .answer(500, #"{"result":"error"}"#)) },
            check: "WHMCS", detail: "HTTP 500", help: "PHP's error log"),
        Case(
            name: "gateway", variables: ["WHMCS_PAYMENT_METHOD": "banktransfer"], check: "WHMCS payment method",
            detail: "no active gateway banktransfer; it has mailin, stripe", help: "Set WHMCS_PAYMENT_METHOD"),
        Case(
            name: "client's gateway", variables: ["WHMCS_PAYMENT_METHOD": "client"], check: "WHMCS payment method",
            isOK: true, detail: "each client's own"),
        Case(
            name: "list of gateways",
            change: { $0.whmcs.configuration.permissions = Set(Probe.all.map(\.action)) },
            check: "WHMCS payment method", isOK: nil, detail: "does not allow GetPaymentMethods", help: "Allow it"),
        Case(
            name: "no action in this version",
            change: {
                $0.answer("GetModuleQueue", .answer(400, #"{"result":"error","message":"Invalid API Action: \"x\""}"#))
            }, check: "WHMCS GetModuleQueue", detail: "no such action", help: "Update WHMCS"),
        Case(
            name: "an order of nobody is accepted",
            change: { $0.answer("AddOrder", .answer(200, #"{"result":"success","orderid":7}"#)) },
            check: "WHMCS AddOrder", detail: "accepted the action", help: "Look at WHMCS's newest orders at once"),
        Case(
            name: "no answer to a write", change: { $0.answer("AcceptOrder", .timedOut) }, check: "WHMCS AcceptOrder",
            detail: "did not answer AcceptOrder", help: "Check WHMCS_API_URL"),
    ]

    @Test("Each fault is found by its check, with what helps", arguments: resources + salesforce + whmcs)
    func finds(_ illness: Case) throws {
        let harness = try ProvisioningHarness.healthy(illness.variables)
        try illness.change(harness)
        let findings = try harness.doctor()
        findings.expect(illness)
        #expect(findings.isOK == findings.names(false).isEmpty)
    }

    @Test("An action that the API role does not allow is named", arguments: Probe.all.map(\.action))
    func permission(_ action: String) throws {
        let harness = try ProvisioningHarness.healthy()
        harness.whmcs.configuration.permissions = Set(Probe.all.map(\.action) + ["GetPaymentMethods"])
            .subtracting([action])
        let findings = try harness.doctor()
        // GetProducts is the catalogue's, too.
        #expect(findings.names(false) == ["WHMCS \(action)"] + (action == "GetProducts" ? ["catalogue"] : []))
        #expect(findings.help("WHMCS \(action)")?.hasPrefix("Allow \(action) in the API role") == true)
    }

    @Test("One side's fault leaves the other side's checks") func independent() throws {
        let harness = try ProvisioningHarness.healthy()
        harness.salesforce.revokeTokens()
        #expect(try harness.doctor().names(true).contains("WHMCS AddOrder"))
        let other = try ProvisioningHarness.healthy()
        other.whmcs.configuration.allowedAddresses = []
        #expect(try other.doctor().names(true).contains("Salesforce order"))
    }

    @Test("What the time does not reach says so") func deadline() throws {
        let harness = try ProvisioningHarness.healthy()
        harness.network.latency = { $0.whmcsAction.isEmpty ? 0 : 50_000 }
        let findings = try harness.doctor()
        #expect(findings.names(true).contains("WHMCS GetClientsDetails"))
        #expect(findings.names(false).contains("WHMCS CancelOrder"))
        #expect(findings.detail("WHMCS CancelOrder")?.contains("deadline") == true)
        #expect(findings.isOK == false)
    }

    @Test("Of the event only true and catalogue count", arguments: [false, "x", 1, .null, [:]] as [JSON])
    func malformed(_ request: JSON) throws {
        let harness = try ProvisioningHarness()
        #expect(throws: FunctionError("MalformedEvent", #"doctor in the event must be true or "catalogue""#)) {
            try harness.doctor(request)
        }
    }
}

extension ProvisioningHarness {
    func restrict(_ field: String, _ access: SalesforceSimulator.State.FieldAccess) {
        salesforce.update { $0.fieldAccess[field] = access }
    }
}
