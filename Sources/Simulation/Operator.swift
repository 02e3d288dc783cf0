import Basics
import JSON
import Orders
import Testbed

/// A person who wants one order provisioned: retries until the request is accepted, clicks twice, publishes platform
/// events, and fixes and requests a Failed order again.
final class Operator {
    let order: String
    private unowned let world: World
    private var requests = 0
    private var nonces = 0
    private var acceptedKeys: Set<String> = []
    private var hasCancelled = false
    private let isReady: Bool
    /// Nil for any, and both.
    private let door: Door?
    /// How far the sender's clock is ahead; the webhook tolerates 300 s.
    private let skew: Milliseconds
    /// Requests that are not accepted yet.
    private(set) var pending = 0

    private var behaviours: Behaviours { world.plan.behaviours }

    enum Door {
        case webhook, event
    }

    init(_ order: String, isReady: Bool, door: Door? = nil, _ world: World) {
        self.order = order
        self.isReady = isReady
        self.door = door
        self.world = world
        skew = world.random(in: -240_000...240_000)
    }

    /// - Parameter time: within which the order is requested.
    func begin(within time: Milliseconds = 1_800_000) {
        let start = world.random(in: 0...time)
        world.after(start) { self.request() }
        if world.generator.chance(behaviours.cancellations) {
            world.after(start + world.random(in: 1_000...120_000)) { self.cancel() }
        }
        if world.generator.chance(behaviours.plantedOrders) {
            world.after(world.random(in: 0...1_800_000)) { self.world.services.whmcs.plantOrder(marked: self.order) }
        }
        if world.generator.chance(behaviours.deletedLines) {
            world.after(start + world.random(in: 1_000...60_000)) {
                self.world.services.salesforce.deleteLine(of: self.order)
            }
        }
    }

    /// A new request: signed, as a platform event, or both.
    private func request(hasLooked: Bool = false) {
        requests += 1
        let number = requests
        let isEvent = door.map { $0 == .event } ?? world.generator.chance(behaviours.platformEvents)
        if isEvent {
            publish("platform-\(order)-\(number)")
            guard door == nil, world.generator.chance(0.2) else { return }
        }
        let key = "\(order)-\(number)"
        world.invariants.requested(order)
        click(key, mayRepeat: hasLooked)
        if world.generator.chance(behaviours.doubleClicks) { secondClick("\(key)-again") }
        if world.generator.chance(behaviours.lateClicks) { later(10_000...3_600_000) { self.repeatAccepted(key) } }
    }

    /// Does something later; until then the order is not at rest.
    private func later(_ wait: ClosedRange<Milliseconds>, _ action: @escaping () -> Void) {
        pending += 1
        world.after(world.random(in: wait)) {
            self.pending -= 1
            action()
        }
    }

    // MARK: The signed door

    /// Sends a signed request, and retries it with the same key and a new nonce until it is accepted.
    ///
    /// - Parameter mayRepeat: also an order whose AddOrder is in doubt. That says that a person has looked at WHMCS, or
    ///   that the key was accepted before.
    private func click(_ key: String, mayRepeat: Bool = false) {
        guard mayRepeat || world.invariants.ledger(order)?.errorCode != "WHMCS_OUTCOME_UNKNOWN" else { return }
        pending += 1
        nonces += 1
        let request = SignedClick(
            order: order, nonce: "nonce-of-\(order)-\(nonces)", key: key, secret: world.services.senderSecret,
            time: world.now + skew)
        // A key that the body does not have can be replaced: bytes with a used one must not get about.
        if !acceptedKeys.contains(key), world.generator.chance(behaviours.capturedRequests) {
            var captured = request
            captured.key = "stranger-\(order)-\(nonces)"
            later(10...900_000) {
                // Of a request that was lost, the stranger's copy is the first.
                self.world.invariants.requested(self.order)
                self.world.lambda.invoke("verify-signature", captured.event) { _ in }
            }
        }
        world.lambda.invoke("verify-signature", request.event) { [self] result in
            pending -= 1
            let answer = result.flatMap { try? $0.get() }.flatMap { JSON($0) }
            let status = answer?["statusCode"]?.integer ?? 502
            world.trace.add(world.now, "operator", "click \(order)", "\(status)")
            if (200..<300).contains(status) {
                acceptedKeys.insert(key)
                return world.invariants.accepted(order)
            }
            // A stranger was faster with the captured bytes.
            let isReplayed =
                answer?["body"]?.string?.contains("NONCE_REUSED") == true && behaviours.capturedRequests > 0
            guard status >= 500 || isReplayed else { return world.invariants.violated(.refusedRequest, "\(status)") }
            later(1_000...60_000) { self.click(key, mayRepeat: mayRepeat) }
        }
    }

    private func secondClick(_ key: String) {
        later(50...30_000) {
            self.world.invariants.requested(self.order)
            self.click(key)
        }
    }

    private func repeatAccepted(_ key: String) {
        if acceptedKeys.contains(key) { click(key, mayRepeat: true) }
    }

    // MARK: The event door

    /// Event Relay delivers at least once.
    private func publish(_ id: String) {
        let event = platformEvent(id: id, delivery: id)
        world.invariants.accepted(order)
        world.invariants.requested(order)
        world.queue.send(event)
        if world.generator.chance(behaviours.duplicateDeliveries) {
            later(100...600_000) { self.world.queue.send(event) }
        }
        if world.generator.chance(behaviours.relayReplays) {
            let created = world.now
            later(600_000...36_000_000) { [self] in
                let replay = platformEvent(id: id, delivery: "\(id)-replay", created: created)
                world.queue.send(replay)
            }
        }
    }

    private func platformEvent(id: String, delivery: String, created: Timestamp? = nil) -> JSON {
        [
            "id": .string(delivery), "source": "aws.partner/salesforce.com/org/channel",
            "detail-type": .string(PlatformEvent.type), "time": .string(world.now.iso8601),
            "detail": PlatformEvent(orderId: order, id: delivery, createdAt: created ?? world.now).detail,
        ]
    }

    // MARK: A Failed order

    private func recover() {
        guard world.generator.chance(behaviours.manualRecoveries), world.invariants.ledger(order)?.dueAt != nil else {
            return
        }
        let event: JSON = world.generator.chance(0.8) ? ["orderId": .string(order)] : ["all": true]
        world.lambda.invoke("recover-orders", event) { _ in }
    }

    private func cancel() {
        if let cancelled = world.services.whmcs.cancelPending(order) {
            hasCancelled = true
            world.trace.add(world.now, "operator", "cancels the WHMCS order of \(order)", "\(cancelled)")
        }
    }

    /// Whether the code tells a person to fix something and to request the order again.
    private static func knowsWhatToDo(_ code: String) -> Bool {
        safeAgain.contains(code) || fixable.contains(code) || code == "WHMCS_OUTCOME_UNKNOWN"
    }

    private static let safeAgain: Set = [
        "WHMCS_UNAVAILABLE", "SALESFORCE_UNAVAILABLE", "PROVISIONING_ERROR", "WHMCS_REJECTED", "WHMCS_SETUP_FAILED",
    ]
    /// What the message has between quotation marks.
    private func quoted(_ message: String) -> String {
        let parts = message.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count > 2 ? String(parts[1]) : ""
    }

    private static let fixable: Set = [
        "CLIENT_CLOSED", "CLIENT_NOT_LINKED", "PAYMENT_METHOD_MISSING", "MAPPING_FAILED", "ORDER_NOT_PROVISIONABLE",
    ]

    /// Requests a Failed order again, as its error code permits; recovers an open one.
    func look() {
        recover()
        let record = world.services.salesforce.record(order)
        guard pending == 0, record?["Provisioning_Status__c"]?.string == "Failed" else { return }
        let code = record?["Provisioning_Error_Code__c"]?.string ?? ""
        // Salesforce shows an older failure: a request now would say that somebody had looked at WHMCS.
        if let ledger = world.invariants.ledger(order), ledger.status == .failed, ledger.errorCode != code { return }
        world.trace.add(world.now, "operator", "sees \(order)", code)
        guard Operator.knowsWhatToDo(code) else { return }
        let message = record?["Provisioning_Error_Message__c"]?.string ?? ""
        if code == "WHMCS_REJECTED" && !hasCancelled || Operator.fixable.contains(code) && isReady {
            world.invariants.violated(.needlessFailure, "\(order): \(code) \(message)")
        }
        if Operator.fixable.contains(code) { world.services.fix(code, order) }
        // The steps of the message: put the note on an order that has none, then request again.
        if message.contains("cancel it and request again") { cancel() }
        if code == "WHMCS_OUTCOME_UNKNOWN" { world.services.whmcs.addNote(quoted(message), for: order) }
        if code == "WHMCS_SETUP_FAILED" { world.services.whmcs.repairModule() }
        request(hasLooked: true)
    }
}
