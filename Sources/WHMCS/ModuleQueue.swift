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
    /// Fails with `.permission` where the API role may not ask.
    public func failedActions(serviceIds: [Int]) throws(WHMCSFailure) -> [FailedAction] {
        guard let first = serviceIds.first else { return [] }
        let action = "GetModuleQueue"
        // One call: the queue of all services is short, because a person empties it.
        let filter = serviceIds.count == 1 ? [("relatedId", String(first))] : []
        let answer = try call(action, [("serviceType", "service")] + filter, .read)
        guard let rows = answer["queue"] == nil ? [] : answer.rows("queue", "item") else {
            throw .unreadable(action: action, "no list of the queue", mayHaveHappened: false)
        }
        // The filters differ between versions of WHMCS.
        return rows.compactMap(FailedAction.init).filter { serviceIds.contains($0.serviceId) }
    }
}

extension FailedAction {
    /// Nil for an action that was completed, and for one of an addon or a domain.
    init?(_ row: JSON) {
        guard ["", "service"].contains(row["service_type"]?.stringOrNumber ?? ""),
            ["", "0", "false"].contains(row["completed"]?.stringOrNumber ?? ""), row["completed"]?.bool != true,
            let id = row["service_id"]?.id
        else { return nil }
        serviceId = id
        action = row["module_action"]?.stringOrNumber ?? "set-up"
        error = (row["last_attempt_error"]?.stringOrNumber ?? "").excerpt
    }
}
