import Basics

/// The index `due`: the open orders by their due time. It follows the table late, but shows the changes of one item in
/// the order in which they were made.
struct DueIndex {
    private struct Change {
        var key: String
        /// Nil when the item leaves the index.
        var dueAt: Int?
        var showsAt: Timestamp
    }

    private var entries = KeysByTime()
    /// Where a key stands in `entries`.
    private var shown: [String: Int] = [:]
    /// What the index does not show yet, in the order of the writes.
    private var pending: [Change] = []
    /// When the last pending change of a key shows.
    private var lastPending: [String: Timestamp] = [:]
    /// How many pending changes call for a look at which of them are due.
    private var mostPending = DueIndex.fewPending

    private static let fewPending = 1024

    /// The item has moved in the index, entered it or left it.
    mutating func record(_ key: String, dueAt: Int?, now: Timestamp, lag: Milliseconds) {
        let showsAt = max(now + lag, lastPending[key] ?? now)
        if showsAt <= now, lastPending[key] == nil { return show(key, at: dueAt) }
        pending.append(Change(key: key, dueAt: dueAt, showsAt: showsAt))
        lastPending[key] = showsAt
        guard pending.count > mostPending else { return }
        catchUp(to: now)
        mostPending = max(DueIndex.fewPending, 2 * pending.count)
    }

    /// The entries that the index shows now.
    mutating func entries(
        after start: KeysByTime.Entry?, through last: Int?, limit: Int, now: Timestamp
    ) -> [KeysByTime.Entry] {
        catchUp(to: now)
        return entries.entries(after: start, through: last, limit: limit)
    }

    private mutating func catchUp(to now: Timestamp) {
        guard !pending.isEmpty else { return }
        var later: [Change] = []
        for change in pending {
            guard change.showsAt <= now else {
                later.append(change)
                continue
            }
            show(change.key, at: change.dueAt)
            if lastPending[change.key] == change.showsAt { lastPending[change.key] = nil }
        }
        pending = later
    }

    private mutating func show(_ key: String, at dueAt: Int?) {
        if let old = shown[key] { entries.remove(.init(time: old, key: key)) }
        if let dueAt { entries.insert(.init(time: dueAt, key: key)) }
        shown[key] = dueAt
    }
}
