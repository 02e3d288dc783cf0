import AWS
import Basics
import JSON

/// The breakers of both sides, as a run reads them once. They share an item, so that one read is enough.
struct Breakers {
    private let ledger: Ledger
    private var item: Table.Item?

    init(_ ledger: Ledger) throws {
        self.ledger = ledger
        item = try ledger.table.get(ItemKey.breakers)
    }

    subscript(_ side: Side) -> Breaker { Breaker(item?[side.key]) }

    /// What a run of the order would have to wait for, and until when; nil when it may begin.
    func wait(for order: LedgerOrder, at now: Timestamp) -> (side: Side, end: Timestamp)? {
        for side in order.sides {
            if case .wait(let end) = self[side].permission(at: now) { return (side, end) }
        }
        return nil
    }

    /// Changes a breaker from what it is now; other runs may have changed it since it was read. A breaker that stays as it
    /// is costs no write.
    ///
    /// - Parameter change: the next state; nil gives up.
    /// - Returns: what this run has changed; nil when it has changed nothing.
    mutating func change(_ side: Side, _ change: (Breaker) -> Breaker?) throws -> (before: Breaker, after: Breaker)? {
        let id = JSON.string(ledger.table.uniqueID())
        for _ in 0..<10 {
            let before = self[side]
            guard let after = change(before), after != before else { return nil }
            let update: ItemUpdate = [
                side.key: after.json, .revision: id, .updatedAt: .milliseconds(ledger.now()),
            ]
            // Whatever its type: otherwise nobody could repair an item that a person has changed.
            let isUnchanged: Condition = item?[.revision].map { .equal(.revision, $0) } ?? .absent(.revision)
            switch try ledger.table.write(.update(ItemKey.breakers, update, if: isUnchanged)) {
            case .written(let item):
                self.item = item
                return (before, after)
            case .conditionFailed(let item):
                self.item = item
                // The first answer to this write was lost, and its retry finds our own. Another run may have written the
                // same state.
                if item?[.revision] == id { return (before, after) }
            }
        }
        return nil
    }
}

extension LedgerOrder {
    /// Only its final status has to be reported.
    var isReport: Bool { hasEnded || step == .failureUpdate }

    /// What a run of the order may have to call. An order whose AddOrder was sent is searched for first.
    var sides: [Side] {
        if isReport { return [.salesforce] }
        return addOrder == .none ? Side.allCases : [.salesforce, .whmcs]
    }
}

extension Side {
    fileprivate var key: Attribute {
        switch self {
        case .salesforce: .salesforceBreaker
        case .whmcs: .whmcsBreaker
        case .addOrder: .addOrderBreaker
        }
    }
}
