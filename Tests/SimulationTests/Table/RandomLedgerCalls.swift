import AWS
import Basics
import JSON
import Salesforce
import Simulation
import Testing
import WHMCS

@testable import Orders

/// Random calls of the ledger's own functions, for a few orders at a time that several runs work on at once.
struct RandomLedgerCalls {
    var generator: SeededGenerator
    private let comparison: TableComparison
    private let ledger: Ledger
    private var leases: [Lease] = []
    private var calls = 0

    init(_ comparison: TableComparison, seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        self.comparison = comparison
        ledger = Ledger(comparison.table) { [endpoint = comparison.endpoint] in endpoint.now }
    }

    private var now: Timestamp { comparison.endpoint.now }

    mutating func next() throws {
        calls += 1
        comparison.endpoint.now += pick([0, 1, 1_000, 30_000, 200_000])
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<4: try accept()
        case 4..<8: try lease()
        case 8..<15: try transition()
        case 15: try recover()
        case 16: try countAndRead()
        case 17: try markers()
        case 18: _ = try ledger.enter(try order(), correlationID: "entered")
        default:
            let expired = comparison.endpoint.model.expiredKeys(now: now)
            if !expired.isEmpty { try comparison.expire(pick(expired)) }
        }
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    /// One of three; new ones follow as the old ones end.
    private mutating func order() throws -> RecordID {
        let number = 1_000 + calls / 50 + pick([0, 1, 2])
        return try #require(RecordID("80100000000\(number)"))
    }

    private mutating func accept() throws {
        let request = Acceptance(
            orderID: try order(), nonce: "n\(calls / 10 + pick([0, 1]))",
            idempotencyKey: "k\(calls / 10 + pick([0, 1]))", requestedAt: now,
            claimant: "claimant\(calls - pick([0, 1]))",
            correlationID: "c\(calls)", nonceLifetime: pick([1_000, 600_000]))
        // Thrown for an order whose failure is being reported.
        do { _ = try ledger.accept(request) } catch is Ledger.Contended {}
    }

    private mutating func lease() throws {
        var request = ProvisionRequested(
            orderID: try order(), requestNumber: 1, correlationID: "r\(calls)", requestedAt: now)
        if generator.chance(0.3) { request.platformEventID = "e\(calls)" }
        request.isReplayed = generator.chance(0.5)
        let owner = pick(["run1", "run2", "run\(calls)"])
        guard case .taken(let lease) = try? ledger.lease(request, owner: owner, until: now + pick([1_000, 90_000]))
        else { return }
        leases.append(lease)
        if leases.count > 4 { leases.removeFirst() }
    }

    private mutating func transition() throws {
        guard !leases.isEmpty else { return }
        let place = Int.random(in: 0..<leases.count, using: &generator)
        let later: Timestamp? = generator.chance(0.5) ? now + 60_000 : nil
        let failure = ProvisioningFailure(.whmcsRejected, "Refused “é”")
        do {
            switch Int.random(in: 0..<20, using: &generator) {
            case 0: try leases[place].confirm()
            case 1: try leases[place].recordAccepted(isAnswered: later == nil)
            case 2: try leases[place].recordPlan(plan())
            case 3, 4: try leases[place].recordAddOrderSending(until: now + 20_000, client: 7, reference: "\(calls)")
            case 5: try leases[place].recordAddOrderNotCarriedOut()
            case 6: try leases[place].recordAddOrderUnanswered()
            case 7: try leases[place].recordWHMCSOrder(calls)
            case 8: try leases[place].recordCreated(serviceIDs: [1, calls], unconfirmedUntil: later)
            case 9: try leases[place].recordWHMCSOrderCancelled(unconfirmedUntil: later)
            case 10: try leases[place].recordUnconfirmed(until: later)
            case 11: try leases[place].recordActivatingReported(unconfirmedUntil: later)
            case 12: try leases[place].release(dueAt: now + 5_000, after: failure)
            case 13: try leases[place].endProvisioned(unconfirmedUntil: later)
            case 14:
                try leases[place].recordFailure(failure)
                try leases[place].endFailed(code: failure.code.rawValue, unconfirmedUntil: later)
            case 15: try leases[place].recordAcceptOrderSending(until: now + 20_000)
            case 16: try leases[place].recordAcceptOrderUnanswered()
            case 17: try leases[place].recordAcceptOrderRefused()
            case 18: try leases[place].recordSetupFailed()
            default: try leases[place].endUnreported(.failed, dueAt: later)
            }
        } catch is Lease.Lost {
            leases.remove(at: place)
        }
    }

    private mutating func plan() throws -> Plan {
        let orderItem = try order()
        return Plan(
            clientID: 1,
            items: [
                Plan.Item(
                    orderItemID: orderItem, productID: 7, cycle: .monthly, quantity: 2,
                    price: generator.chance(0.5) ? "12.50" : nil, markerField: nil)
            ])
    }

    private mutating func recover() throws {
        let dueBy = generator.chance(0.5) ? now : nil
        let page = try ledger.openOrders(dueBy: dueBy, after: nil)
        // What the index has may have moved on.
        if generator.chance(0.5) { try transition() }
        _ = ledger.claim(page.orders, until: now + Ledger.recoveryDelay)
    }

    private mutating func countAndRead() throws {
        _ = try ledger.openCount(dueBy: generator.chance(0.5) ? now : nil)
        guard let order = try ledger.order(order()), order.status == .failed else { return }
        _ = try ledger.reopen(order, correlationID: "reopened")
    }

    private mutating func markers() throws {
        let markers = try MarkerSupport(whmcsURL: "https://whmcs.example", ledger: ledger, cache: .init())
        _ = try markers.isProven([.notes, .field(3)])
        try markers.record([.notes: generator.chance(0.5), .field(3): generator.chance(0.5)])
    }
}
