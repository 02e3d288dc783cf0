import AWS
import Foundation
import JSON
import Testbed
import Testing

/// An order's road through the built programs: real sockets, real signatures, real state at either end.
@Suite(.serialized) struct RoadTests {
    let world: World
    var stack: Stack { world.stack }

    init() throws {
        world = try World.shared.get()
        stack.whmcs.clearFaults()
        stack.salesforce.clearFaults()
    }

    @Test func firstClickWithoutATokenEndsProvisioned() throws {
        let (order, client) = world.newOrder()
        try world.deleteToken()

        let answer = try world.click(order)
        #expect(answer.status == 202)
        #expect(JSON(answer.body) == ["orderId": .string(order), "status": "Accepted", "attempt": 1])

        let status = try world.wait(order)
        let made = try #require(world.whmcsOrders(client).first)
        #expect(status["status"] == "Provisioned")
        #expect(status["whmcsOrderId"]?.integer == made.id)
        #expect(status["errorCode"] == .null)

        #expect(world.whmcsOrders(client).map(\.status) == ["Active"])
        #expect(made.notes == "sfOrderId=\(order)")
        let services = stack.whmcs.state.services(ofOrder: made.id)
        #expect(services.map(\.pid).sorted() == [185, 186, 186])
        #expect(services.allSatisfy { $0.status == "Active" })

        let record = try world.salesforceOrder(order)
        #expect(record["WHMCS_Order_ID__c"]?.stringOrNumber == String(made.id))
        #expect(record["Provisioning_Error_Code__c"] ?? .null == .null)
        #expect(record["Last_Provisioning_At__c"]?.stringOrNumber?.hasSuffix("+0000") == true)
        #expect(stack.salesforce.statusHistory(order) == ["Activating", "Provisioned"])
        let written = stack.salesforce.state.records["OrderItem"]?.values.filter {
            $0["OrderId"]?.stringOrNumber == order
        }
        .compactMap { $0["WHMCS_Service_ID__c"]?.stringOrNumber }.joined(separator: ",").split(separator: ",")
        #expect(written?.compactMap { Int($0) }.sorted() == services.map(\.id).sorted())

        let item = try world.ledger(order)
        #expect(item["open"] == nil && item["dueAt"] == nil && item["leaseOwner"] == nil)
        #expect(try token() != nil)
    }

    @Test func doubleClickWithTwoKeysMakesOneOrder() throws {
        let (order, client) = world.newOrder()
        let answers = try atOnce(4) { try world.click(order).status }
        #expect(answers.allSatisfy { $0 == 202 })
        #expect(try world.wait(order)["status"] == "Provisioned")
        #expect(world.whmcsOrders(client).count == 1)
        #expect(try world.click(order).status == 200)
    }

    @Test func eventDeliveredTwiceMakesOneOrder() throws {
        let (order, client) = world.newOrder()
        try world.click(order)
        _ = try atOnce(4) { try world.announce(order) }
        #expect(try world.wait(order)["status"] == "Provisioned")
        try world.announce(order)
        try waitUntilQuiet(order, events: 6)
        #expect(world.whmcsOrders(client).count == 1)
    }

    @Test func replaysAreToldApart() throws {
        let (order, _) = world.newOrder()
        let first = try world.click(order, key: "key-\(order)", nonce: "nonce-of-\(order)")
        let again = try world.click(order, key: "key-\(order)")
        #expect(again.status == 202)
        #expect(again.header("Idempotency-Replayed") == "true")
        #expect(again.body == first.body)

        let sameNonce = try world.click(order, nonce: "nonce-of-\(order)")
        #expect(sameNonce.status == 401)
        #expect(JSON(sameNonce.body)?["code"] == "NONCE_REUSED")

        let otherOrder = try world.click(world.newOrder().order, key: "key-\(order)")
        #expect(otherOrder.status == 422)
        #expect(JSON(otherOrder.body)?["code"] == "IDEMPOTENCY_KEY_REUSED")

        let forged = try world.click(order, secret: "not the secret")
        #expect(forged.status == 401)
        #expect(JSON(forged.body)?["code"] == "INVALID_SIGNATURE")
        #expect(forged.header("Content-Type") == "application/problem+json")
        try world.wait(order)
    }

    @Test func revokedTokenIsHealedWithinOneInvocation() throws {
        let (warmUp, _) = world.newOrder()
        try world.click(warmUp)
        try world.wait(warmUp)
        stack.salesforce.revokeTokens()

        let (order, client) = world.newOrder()
        try world.click(order)
        #expect(try world.wait(order)["status"] == "Provisioned")
        #expect(try world.ledger(order)["tries"]?.integer == 1)
        #expect(world.whmcsOrders(client).count == 1)
    }

    @Test func closedClientFailsWithItsCode() throws {
        let (order, client) = world.newOrder(clientStatus: "Closed")
        try world.click(order)
        let status = try world.wait(order)
        #expect(status["errorCode"] == "CLIENT_CLOSED")
        let record = try world.salesforceOrder(order)
        #expect(record["Provisioning_Status__c"] == "Failed")
        #expect(record["Provisioning_Error_Code__c"] == "CLIENT_CLOSED")
        #expect(world.whmcsOrders(client).isEmpty)
    }

    @Test func everyMappingFaultIsTold() throws {
        let (order, client) = world.newOrder(lines: [
            Seed.Line(Seed.unmappedProduct), Seed.Line(Seed.fortnightlyHosting), Seed.Line(Seed.hosting),
        ])
        try world.click(order)
        #expect(try world.wait(order)["errorCode"] == "MAPPING_FAILED")
        let message = try #require(world.salesforceOrder(order)["Provisioning_Error_Message__c"]?.stringOrNumber)
        #expect(message.contains("it has no WHMCS product id"))
        #expect(message.contains("\"Fortnightly\" is no billing cycle"))
        #expect(!stack.whmcs.state.orders.contains { $0.clientId == client })
    }

    @Test func missingPayMethodIsMendedByAddingOneAndAskingAgain() throws {
        let (order, client) = world.newOrder(payMethod: false)
        try world.click(order)
        #expect(try world.wait(order)["errorCode"] == "PAYMENT_METHOD_MISSING")
        #expect(try world.salesforceOrder(order)["Provisioning_Error_Code__c"] == "PAYMENT_METHOD_MISSING")

        _ = stack.whmcs.addPayMethod(client)
        let again = try world.click(order)
        #expect(JSON(again.body)?["attempt"]?.integer == 2)
        #expect(try world.wait(order, attempt: 2)["status"] == "Provisioned")
        #expect(try world.salesforceOrder(order)["Provisioning_Error_Code__c"] ?? .null == .null)
        #expect(world.whmcsOrders(client).map(\.status) == ["Active"])
    }

    @Test func platformEventProvisionsAnOrderNobodyClicked() throws {
        let (order, client) = world.newOrder()
        try stack.putEvent(
            source: Stack.salesforceEventSource, detailType: "OrderProvisionRequested__e",
            detail: ["payload": ["OrderId__c": .string(order)], "id": .string("event-\(order)")],
            bus: Stack.salesforceEventSource)
        _ = try world.poll("the ledger to know \(order)") {
            try world.get("/orders/\(order)").status == 200 ? true : nil
        }
        #expect(try world.wait(order)["status"] == "Provisioned")
        #expect(world.whmcsOrders(client).count == 1)
    }

    /// WHMCS did it, and the answer was lost: the next run finds the order by its marker.
    @Test(arguments: [Fault.actThenDrop, .actThenTruncate, .actThenEmptyBody])
    func lostAnswerOfAddOrderIsAdopted(fault: Fault) throws {
        let (order, client) = world.newOrder()
        stack.whmcs.failNext(fault, on: "AddOrder")
        try world.click(order)
        _ = try world.poll("the order to be due again") {
            let item = try? world.ledger(order)
            return item?["addOrder"] == "sent" && item?["leaseOwner"] == nil ? true : nil
        }
        try world.announce(order)
        #expect(try world.wait(order)["status"] == "Provisioned")
        #expect(world.whmcsOrders(client).map(\.status) == ["Active"])
    }

    @Test func acceptOrderIsJudgedByReading() throws {
        let (order, client) = world.newOrder()
        stack.whmcs.failNext(
            .actThenAnswer(200, #"{"result":"error","message":"Module Command Error"}"#), on: "AcceptOrder")
        try world.click(order)
        #expect(try world.wait(order)["status"] == "Provisioned")
        #expect(world.whmcsOrders(client).map(\.status) == ["Active"])
    }

    @Test func malformedEventIsKeptInTheDeadLetterQueue() throws {
        let provision = try stack.function("provision-order").definition
        let queue = try #require(provision.onFailureQueueUrl)
        _ = try stack.drain(queue: queue)
        try stack.putEvent(
            source: "salesforce.orders", detailType: "OrderProvisionRequested", detail: ["orderId": "not an id"])
        let letters = try world.poll("the dead letter") {
            let letters = try stack.drain(queue: queue)
            return letters.isEmpty ? nil : letters
        }
        #expect(letters[0]["responsePayload"]?["errorType"] == "MalformedEvent")
        #expect(letters[0]["requestPayload"]?["detail"]?["orderId"] == "not an id")
    }

    @Test func sevenStepsAreLoggedInOrder() throws {
        let (order, _) = world.newOrder()
        try world.click(order)
        try world.wait(order)
        let steps = world.log("provision-order").filter { $0["orderId"]?.stringOrNumber == order && $0["step"] != nil }
        #expect(
            steps.map { $0["step"]?.stringOrNumber } == [
                "validation", "sf_status_update", "order_details", "mapping", "whmcs_create", "whmcs_accept",
                "sf_success_update",
            ])
        #expect(steps.allSatisfy { $0["outcome"] == "done" && $0["milliseconds"]?.integer ?? -1 >= 0 })
    }

    @Test func noSecretIsInAnyLog() throws {
        let (order, _) = world.newOrder()
        try world.click(order)
        try world.wait(order)
        let everything = stack.journal.lines.map(\.text).joined(separator: "\n")
        #expect(everything.contains(order), "the log is the one of this order")
        let tokens = stack.salesforce.state.tokens
        #expect(!tokens.isEmpty)
        let passwords = stack.whmcs.state.services.map(\.password)
        for secret in LocalSecrets.all + tokens + passwords + ["PRIVATE KEY", "AWS4-HMAC"] {
            #expect(!everything.contains(secret), "a log line holds a secret")
        }
    }

    // MARK: Helpers

    private func token() throws -> JSON? {
        try world.parameters.call("GetParameters", ["Names": [World.tokenName]])["Parameters"]?.array?.first
    }

    private func waitUntilQuiet(_ order: String, events: Int) throws {
        _ = try world.poll("\(events) events to be handled") {
            world.log("provision-order").filter {
                $0["orderId"]?.stringOrNumber == order
                    && ($0["message"] == "nothing to do" || $0["step"] == "sf_success_update")
            }.count >= events ? true : nil
        }
    }

    private func atOnce<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable () throws -> Value) throws -> [Value]
    {
        let results = Collected<Value>()
        DispatchQueue.concurrentPerform(iterations: count) { _ in
            let result = Result { try body() }
            results.add(result)
        }
        return try results.all.map { try $0.get() }
    }
}

/// Results from several threads.
private final class Collected<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var results: [Result<Value, any Error>] = []

    func add(_ result: Result<Value, any Error>) {
        lock.withLock { results.append(result) }
    }

    var all: [Result<Value, any Error>] { lock.withLock { results } }
}
