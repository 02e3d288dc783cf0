import JSON

/// An action that a module failed to carry out on a service, in WHMCS's module queue.
public struct FailedAction: Sendable, Equatable {
    public var serviceId: Int
    /// `CreateAccount`.
    public var action: String
    /// What the module said.
    public var error: String
}

extension WHMCSClient {
    /// The failed actions of these services. WHMCS repeats none by itself ("GetModuleQueue").
    ///
    /// Fails with `.permission` where the API role may not ask, and where the answer is not understood: an unread entry is
    /// no missing one.
    public func failedActions(serviceIds: [Int]) throws(WHMCSFailure) -> [FailedAction] {
        guard let first = serviceIds.first else { return [] }
        let action = "GetModuleQueue"
        // One call: the queue of all services is short, because a person empties it.
        let filter = serviceIds.count == 1 ? [("relatedId", String(first))] : []
        let answer = try call(action, [("serviceType", "service")] + filter, .read)
        guard let rows = answer.queueRows, answer["count"]?.integer ?? rows.count == rows.count else {
            throw .unreadable(action: action, "no list of the queue", mayHaveHappened: false)
        }
        let entries = rows.map(QueueEntry.init)
        guard entries.allSatisfy({ $0.serviceId != nil }) else {
            throw .unreadable(action: action, "an entry without a service", mayHaveHappened: false)
        }
        // The filters differ between versions of WHMCS.
        return entries.compactMap(\.failedAction).filter { serviceIds.contains($0.serviceId) }
    }
}

extension JSON {
    /// As a list, or, as the vendor's page shows it, flat: `"queue[0][serviceId]": 1`.
    fileprivate var queueRows: [JSON]? {
        if self["queue"] != nil { return rows("queue", "item") }
        var rows: [Int: [String: JSON]] = [:]
        for (name, value) in object ?? [:] where name.hasPrefix("queue[") {
            let parts = name.dropFirst("queue[".count).split(separator: "][")
            guard parts.count == 2, let index = Int(parts[0]), parts[1].hasSuffix("]") else { return nil }
            rows[index, default: [:]][String(parts[1].dropLast())] = value
        }
        return rows.sorted { $0.key < $1.key }.map { .object($0.value) }
    }
}

/// Members have the names of the table's columns (`service_id`) or those of the vendor's page (`serviceId`).
private struct QueueEntry {
    let serviceId: Int?
    /// Nil for an action that was completed, and for one of an addon or a domain.
    let failedAction: FailedAction?

    init(_ row: JSON) {
        func text(_ names: String...) -> String { names.lazy.compactMap { row[$0]?.stringOrNumber }.first ?? "" }
        serviceId = Int(text("service_id", "serviceId")).flatMap { $0 > 0 ? $0 : nil }
        let isCompleted = row["completed"]?.bool ?? !["", "0", "false"].contains(text("completed"))
        let isOfService = ["", "service"].contains(text("service_type", "serviceType"))
        let action = text("module_action", "moduleAction").excerpt
        let error = text("last_attempt_error", "lastAttemptError").excerpt
        failedAction =
            isCompleted || !isOfService
            ? nil : serviceId.map { FailedAction(serviceId: $0, action: action, error: error) }
    }
}
