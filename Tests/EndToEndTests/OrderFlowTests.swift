import AWS
import JSON
import Testbed
import Testing

/// An order on its way through the built programs, with real sockets, real signatures and real state at either end.
@Suite(.serialized) struct OrderFlowTests {
    let harness: EndToEndHarness
    var testbed: RunningTestbed { harness.testbed }

    init() throws {
        harness = try EndToEndHarness.shared.get()
        testbed.whmcs.clearFaults()
        testbed.salesforce.clearFaults()
    }

    @Test("The first order is provisioned without a Salesforce token at hand")
    func firstOrderIsProvisioned() throws {
        let (order, client) = harness.newOrder()
        try harness.deleteToken()

        let answer = try harness.fulfill(order)
        #expect(answer.status == 202)
        #expect(JSON(answer.body) == ["orderId": .string(order), "status": "Accepted", "attempt": 1])

        let status = try harness.wait(order)
        let whmcsOrder = try #require(harness.whmcsOrders(client).first)
        #expect(status["status"] == "Provisioned")
        #expect(status["whmcsOrderId"]?.integer == whmcsOrder.id)
        #expect(status["errorCode"] == .null)

        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
        let reference = try #require(harness.ledger(order)["markerRef"]?.stringOrNumber)
        #expect(whmcsOrder.notes == "sfOrderId=\(order) ref=\(reference)")
        let services = testbed.whmcs.state.services(ofOrder: whmcsOrder.id)
        #expect(services.map(\.pid).sorted() == [185, 186, 186])
        #expect(services.allSatisfy { $0.status == "Active" })

        let record = try harness.salesforceOrder(order)
        #expect(record["WHMCS_Order_ID__c"]?.stringOrNumber == String(whmcsOrder.id))
        #expect(record["Provisioning_Error_Code__c"] ?? .null == .null)
        #expect(record["Last_Provisioning_At__c"]?.stringOrNumber?.hasSuffix("+0000") == true)
        #expect(testbed.salesforce.statusHistory(order) == ["Activating", "Provisioned"])
        let reported = testbed.salesforce.state.records["OrderItem"]?.values.filter {
            $0["OrderId"]?.stringOrNumber == order
        }
        .compactMap { $0["WHMCS_Service_ID__c"]?.stringOrNumber }.joined(separator: ",").split(separator: ",")
        #expect(reported?.compactMap { Int($0) }.sorted() == services.map(\.id).sorted())

        let item = try harness.ledger(order)
        #expect(item["open"] == nil && item["dueAt"] == nil && item["leaseOwner"] == nil)
        #expect(try harness.hasToken())
    }

    @Test("The programs measure an order, from the request to its end") func metrics() throws {
        let (order, _) = harness.newOrder()
        try harness.fulfill(order)
        try harness.wait(order)
        let expected: [(program: String, metric: String)] = [
            ("verify-signature", "RequestTime"), ("verify-signature", "LedgerWriteTime"),
            ("provision-order", "QueueWait"), ("provision-order", "CallTime"), ("provision-order", "StepTime"),
            ("provision-order", "SalesforceQuotaUsed"), ("provision-order", "TimeToProvisioned"),
        ]
        for (program, metric) in expected {
            // A program writes them at the end of its invocation.
            let line = try harness.poll("\(metric) of \(program)") {
                harness.log(program).first { $0["_aws"] != nil && $0[metric] != nil }
            }
            #expect(line["Stack"] == "local")
        }
    }

    @Test("Simultaneous requests with different keys create one WHMCS order")
    func simultaneousRequestsCreateOneOrder() throws {
        let (order, client) = harness.newOrder()
        let answers = try Parallel.map(0..<4) { [harness] _ in try harness.fulfill(order).status }
        #expect(answers.allSatisfy { $0 == 202 })
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(harness.whmcsOrders(client).count == 1)
        #expect(try harness.fulfill(order).status == 200)
    }

    @Test("Duplicate deliveries of the event create one WHMCS order")
    func duplicateDeliveriesCreateOneOrder() throws {
        let (order, client) = harness.newOrder()
        try harness.fulfill(order)
        _ = try Parallel.map(0..<4) { [harness] _ in try harness.publishEvent(of: order) }
        #expect(try harness.wait(order)["status"] == "Provisioned")
        try harness.publishEvent(of: order)
        _ = try harness.poll("6 handled events") {
            harness.log("provision-order").filter {
                $0["orderId"]?.stringOrNumber == order
                    && ($0["message"] == "nothing to do" || $0["step"] == "sf_success_update")
            }.count >= 6 ? true : nil
        }
        #expect(harness.whmcsOrders(client).count == 1)
    }

    @Test("A repeated key is replayed; a reused nonce, a reused key and a forged signature are refused")
    func repeatedRequestsAreDistinguished() throws {
        let (order, _) = harness.newOrder()
        let first = try harness.fulfill(order, key: "key-\(order)", nonce: "nonce-of-\(order)")
        let again = try harness.fulfill(order, key: "key-\(order)")
        #expect(again.status == 202)
        #expect(again.header("Idempotency-Replayed") == "true")
        #expect(again.body == first.body)

        let sameNonce = try harness.fulfill(order, nonce: "nonce-of-\(order)")
        #expect(sameNonce.status == 401)
        #expect(JSON(sameNonce.body)?["code"] == "NONCE_REUSED")

        let otherOrder = try harness.fulfill(harness.newOrder().order, key: "key-\(order)")
        #expect(otherOrder.status == 422)
        #expect(JSON(otherOrder.body)?["code"] == "IDEMPOTENCY_KEY_REUSED")

        let forged = try harness.fulfill(order, signer: WebhookSigner(secret: "not the secret"))
        #expect(forged.status == 401)
        #expect(JSON(forged.body)?["code"] == "INVALID_SIGNATURE")
        #expect(forged.header("Content-Type") == "application/problem+json")
        try harness.wait(order)
    }

    @Test("A platform event provisions an order without a webhook request")
    func platformEventProvisions() throws {
        let (order, client) = harness.newOrder()
        try testbed.relay(PlatformEvent(orderId: order))
        _ = try harness.poll("\(order) in the ledger") {
            try harness.get("/orders/\(order)").status == 200 ? true : nil
        }
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(harness.whmcsOrders(client).count == 1)
    }

    @Test("Both doors at once make one order in WHMCS") func bothDoors() throws {
        let (order, client) = harness.newOrder()
        try testbed.relay(PlatformEvent(orderId: order, idempotencyKey: "\(order)-1"))
        try harness.fulfill(order)
        // It has been published twice.
        try testbed.relay(PlatformEvent(orderId: order, idempotencyKey: "\(order)-1"))
        #expect(try harness.wait(order)["status"] == "Provisioned")
        #expect(harness.whmcsOrders(client).map(\.status) == ["Active"])
    }

    @Test("The log has the eight steps in order")
    func logsTheSteps() throws {
        let (order, _) = harness.newOrder()
        try harness.fulfill(order)
        try harness.wait(order)
        let steps = harness.log("provision-order").filter {
            $0["orderId"]?.stringOrNumber == order && $0["step"] != nil
        }
        #expect(
            steps.map { $0["step"]?.stringOrNumber } == [
                "validation", "sf_status_update", "order_details", "mapping", "whmcs_create", "whmcs_accept",
                "whmcs_setup", "sf_success_update",
            ])
        #expect(steps.allSatisfy { $0["outcome"] == "done" && $0["milliseconds"]?.integer ?? -1 >= 0 })
    }

    @Test("No log line contains a secret")
    func logsNoSecret() throws {
        let (order, _) = harness.newOrder()
        try harness.fulfill(order)
        try harness.wait(order)
        let log = testbed.journal.lines.map(\.text).joined(separator: "\n")
        #expect(log.contains(order), "the log has this order")
        let tokens = testbed.salesforce.state.tokens
        #expect(!tokens.isEmpty)
        let passwords = testbed.whmcs.state.services.map(\.password)
        for secret in TestbedSecrets.all + tokens + passwords + ["PRIVATE KEY", "AWS4-HMAC"] {
            #expect(!log.contains(secret), "a log line contains a secret")
        }
    }
}
