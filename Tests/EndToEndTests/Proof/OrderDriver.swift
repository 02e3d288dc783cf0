import AWS
import Basics
import Foundation
import JSON
import Testbed

/// What goes on around one order until it has come to its end: a sender that repeats what was not answered, and the
/// recovery, which runs whenever something is due.
struct Driver {
    private static let patience = 60.0
    /// How long an order may lie that is due in the far future, in s, before its event is taken for lost and it is sent
    /// again whether due or not. Doing so for nothing harms nothing.
    private static let announcementPatience = 1.5

    let world: World
    let order: String
    /// s
    let quietTime: Int
    private let key = UUID().uuidString
    private var isAnswered = false
    private var waitsSince: Date?

    init(world: World, order: String, quietTime: Int) {
        self.world = world
        self.order = order
        self.quietTime = quietTime
    }

    /// Returns when nothing moves any more; a text when that takes too long.
    mutating func drive() -> String? {
        let end = Date(timeIntervalSinceNow: Self.patience)
        var last = "it was never in the ledger"
        while Date() < end {
            do {
                if let complaint = try sendUntilAnswered() { return complaint }
                if let item = try world.ledgerItem(order) {
                    last = "\(item)"
                    if item.isSettled, isAnswered, world.stack.isIdle { return nil }
                    try recover(item)
                }
            } catch {
                return "the driver failed: \(error)"
            }
            usleep(40_000)
        }
        return "not quiet after \(Int(Self.patience)) s: \(last)"
    }

    /// A sender repeats with the same key what was not answered or answered with a server's error.
    private mutating func sendUntilAnswered() throws -> String? {
        guard !isAnswered else { return nil }
        guard let response = try? world.click(order, key: key), response.status < 500 else { return nil }
        isAnswered = true
        return (200..<300).contains(response.status) ? nil : "the sender got \(response.status): \(response.text)"
    }

    private mutating func recover(_ item: Table.Item) throws {
        let now = Timestamp.now()
        guard item["open"] != nil, item["leaseUntil"]?.timestamp ?? 0 <= now, world.stack.isIdle else {
            waitsSince = nil
            return
        }
        let wait = (item["dueAt"]?.timestamp ?? 0) - now
        if wait <= 0 {
            try world.recover([:])
        } else if wait > 1000 * quietTime {
            let since = waitsSince ?? Date()
            waitsSince = since
            guard Date().timeIntervalSince(since) > Self.announcementPatience else { return }
            try world.recover(["all": true])
            waitsSince = nil
        }
    }
}

extension Table.Item {
    /// Nobody has to look at it again.
    var isSettled: Bool {
        ["Provisioned", "Failed"].contains(self["status"]?.stringOrNumber) && self["open"] == nil
            && self["leaseOwner"] == nil
    }
}

extension World {
    /// Invokes recover-orders; what comes of it is seen in the ledger.
    func recover(_ event: JSON) throws {
        _ = try stack.invoke("recover-orders", event)
    }
}
