import Basics
import Crypto
import JSON
import Orders
import Testbed

/// A person who wants one order provisioned: retries until the request is accepted, clicks twice, publishes platform
/// events, and requests a Failed order again.
final class Operator {
    let order: String
    private unowned let world: World
    private var requests = 0
    private var nonces = 0
    /// Requests that are not accepted yet.
    private(set) var pending = 0

    init(_ order: String, _ world: World) {
        self.order = order
        self.world = world
    }

    func begin() {
        world.after(world.random(in: 0...1_800_000)) { self.request() }
    }

    /// A new request: signed, as a platform event, or both.
    func request() {
        requests += 1
        let number = requests
        if world.generator.chance(world.plan.platformEvents) {
            publish("platform-\(order)-\(number)")
            guard world.generator.chance(0.2) else { return }
        }
        click("\(order)-\(number)")
        if world.generator.chance(world.plan.doubleClicks) {
            pending += 1
            world.after(world.random(in: 50...30_000)) {
                self.pending -= 1
                self.click("\(self.order)-\(number)-again")
            }
        }
    }

    /// Sends a signed request, and retries it with the same key and a new nonce until it is accepted.
    private func click(_ key: String) {
        pending += 1
        nonces += 1
        let nonce = "nonce-of-\(order)-\(nonces)"
        let body = Array(
            #"{"orderId":"\#(order)","timestamp":"\#(world.now.iso8601)","nonce":"\#(nonce)"}"#.utf8)
        let signature = hex(hmacSHA256(key: Array(Services.Secrets.webhook.utf8), message: body))
        let event: JSON = [
            "rawPath": .string("/orders/\(order)/fulfill"), "pathParameters": ["sfOrderId": .string(order)],
            "headers": [
                "content-type": "application/json", "x-sf-signature": .string(signature),
                "x-sf-timestamp": .string(world.now.iso8601), "x-sf-nonce": .string(nonce),
                "idempotency-key": .string(key),
            ],
            "body": .string(String(decoding: body, as: UTF8.self)), "isBase64Encoded": false,
            "requestContext": ["requestId": .string(nonce), "http": ["method": "POST", "sourceIp": "203.0.113.7"]],
        ]
        world.lambda.invoke("verify-signature", event) { [self] result in
            pending -= 1
            let answer = result.flatMap { try? $0.get() }.flatMap { JSON($0) }
            let status = answer?["statusCode"]?.integer ?? 502
            world.trace.add(world.now, "operator", "click \(order)", "\(status)")
            if (200..<300).contains(status) { return world.invariants.accepted(order) }
            guard status >= 500 else { return world.invariants.violated("a valid request was answered \(status)") }
            pending += 1
            world.after(world.random(in: 1_000...60_000)) {
                self.pending -= 1
                self.click(key)
            }
        }
    }

    /// Event Relay delivers at least once, sometimes again much later.
    private func publish(_ id: String) {
        let event: JSON = [
            "id": .string(id), "source": "aws.partner/salesforce.com/org/channel",
            "detail-type": "OrderProvisionRequested__e", "time": .string(world.now.iso8601),
            "detail": ["id": .string(id), "payload": ["OrderId__c": .string(order)]],
        ]
        world.invariants.accepted(order)
        world.lambda.invokeAsync("provision-order", event)
        if world.generator.chance(world.plan.duplicateDeliveries) {
            pending += 1
            world.after(world.random(in: 100...600_000)) {
                self.pending -= 1
                self.world.lambda.invokeAsync("provision-order", event)
            }
        }
    }

    /// Requests a Failed order again, as its error code permits.
    func look() {
        guard pending == 0, let ledger = world.invariants.ledger(order), ledger.status == .failed,
            ledger.dueAt == nil || world.rates.isNone
        else { return }
        world.trace.add(world.now, "operator", "sees \(order)", ledger.errorCode ?? "")
        switch ledger.errorCode {
        case "WHMCS_UNAVAILABLE", "SALESFORCE_UNAVAILABLE", "PROVISIONING_ERROR": request()
        case "WHMCS_OUTCOME_UNKNOWN":
            // The steps of the message: put the note on an order that has none, then request again.
            world.services.whmcs.addNote(for: order)
            request()
        default: break
        }
    }
}
