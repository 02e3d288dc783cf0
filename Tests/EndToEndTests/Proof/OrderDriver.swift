import AWS
import Basics
import Foundation
import JSON
import Testbed

/// Drives one order until it is settled: a sender that repeats an unanswered request, and a recovery that runs whenever
/// the order is due.
struct OrderDriver {
    /// Of one order.
    private static let timeout: TimeInterval = 60
    /// The event of an order that is due only much later may be lost. After this time the recovery publishes the order
    /// although it is not due, which does no harm.
    private static let publishDelay: TimeInterval = 1.5

    let harness: EndToEndHarness
    let order: String
    let quietSeconds: Int
    private let key = UUID().uuidString
    private var isAnswered = false
    private var waitingSince: Date?

    init(harness: EndToEndHarness, order: String, quietSeconds: Int) {
        self.harness = harness
        self.order = order
        self.quietSeconds = quietSeconds
    }

    /// - Parameter look: called with the order as it is in the ledger, while it is not settled.
    /// - Returns: nil when the order is settled, and the reason when it gives up.
    mutating func drive(_ look: (Table.Item) -> Void = { _ in }) -> String? {
        let deadline = Date(timeIntervalSinceNow: Self.timeout)
        var last = "it was never in the ledger"
        while Date() < deadline {
            do {
                if let refusal = try sendUntilAnswered() { return refusal }
                if let item = try harness.ledgerItem(order) {
                    last = "\(item)"
                    if item.isSettled, isAnswered, harness.testbed.isIdle { return nil }
                    look(item)
                    try recover(item)
                }
            } catch {
                return "the driver failed: \(error)"
            }
            usleep(40_000)
        }
        return "not settled after \(Int(Self.timeout)) s: \(last)"
    }

    /// Sends the request with the same key until there is an answer that is no server error. Returns a refusal.
    private mutating func sendUntilAnswered() throws -> String? {
        guard !isAnswered else { return nil }
        guard let response = try? harness.fulfill(order, key: key), response.status < 500 else { return nil }
        isAnswered = true
        return (200..<300).contains(response.status) ? nil : "the sender got \(response.status): \(response.text)"
    }

    private mutating func recover(_ item: Table.Item) throws {
        let now = Timestamp.now()
        guard item["open"] != nil, item["leaseUntil"]?.timestamp ?? 0 <= now, harness.testbed.isIdle else {
            waitingSince = nil
            return
        }
        let wait = (item["dueAt"]?.timestamp ?? 0) - now
        if wait <= 0 {
            try harness.recover([:])
        } else if wait > 1000 * quietSeconds {
            let since = waitingSince ?? Date()
            waitingSince = since
            guard Date().timeIntervalSince(since) > Self.publishDelay else { return }
            try harness.recover(["all": true])
            waitingSince = nil
        }
    }
}
