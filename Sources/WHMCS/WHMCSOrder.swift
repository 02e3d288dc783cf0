import JSON

/// An order in WHMCS.
public struct WHMCSOrder: Sendable, Equatable {
    public var id: Int
    public var clientId: Int
    /// `Pending`, `Active`, `Fraud`, `Cancelled`, or a status of the install's own.
    public var status: String
    public var notes: String
    /// Empty without one.
    public var promotionCode: String
    /// What it costs, in the client's currency, such as `9.90`; empty when WHMCS does not say.
    public var amount = ""
    /// Nil when WHMCS does not list them.
    public var items: [Item]?

    /// What the order has in it.
    public struct Item: Sendable, Equatable {
        /// `product`, `addon`, `domain`, …
        public var type: String
        /// The service's id, when it is a product.
        public var relatedId: Int?
    }

    public var isPending: Bool { status.lowercased() == "pending" }
    public var isActive: Bool { status.lowercased() == "active" }
    /// A person has cancelled it: nothing of it will be billed.
    public var isCancelled: Bool { ["cancelled", "fraud"].contains(status.lowercased()) }
}

extension WHMCSClient {
    /// Nil when WHMCS has no such order.
    public func order(_ id: Int) throws(WHMCSFailure) -> WHMCSOrder? {
        let orders: [WHMCSOrder]
        do {
            orders = try allRows([("id", String(id))])
        } catch .other(_, let message, _) where isMissingOrder(message.lowercased()) {
            return nil
        }
        guard orders.allSatisfy({ $0.id == id }) else { throw .foreignRows(action: WHMCSOrder.action) }
        return orders.first
    }

    /// Every order of the client, lowest id first.
    public func orders(clientId: Int) throws(WHMCSFailure) -> [WHMCSOrder] {
        try checked(allRows(ofClient(clientId)), clientId)
    }

    /// As many orders of the client as one page has; which ones, WHMCS does not say.
    public func someOrders(clientId: Int) throws(WHMCSFailure) -> [WHMCSOrder] {
        try checked(firstPage(ofClient(clientId)).rows, clientId)
    }

    private func ofClient(_ id: Int) -> Form { [("userid", String(id))] }

    private func checked(_ orders: [WHMCSOrder], _ clientId: Int) throws(WHMCSFailure) -> [WHMCSOrder] {
        guard orders.allSatisfy({ $0.clientId == clientId }) else { throw .foreignRows(action: WHMCSOrder.action) }
        return orders.sorted { $0.id < $1.id }
    }

    /// Accepts a pending order: WHMCS sets up its services.
    ///
    /// After a failure only the order's status tells whether it worked: a module may report an error after it has created
    /// the service.
    ///
    /// - Parameter autoSetup: whether WHMCS sets the services up; nil leaves that to each product.
    public func acceptOrder(_ id: Int, autoSetup: Bool? = nil) throws(WHMCSFailure) {
        // PHP takes any text but "0" and "" for true.
        let setup = autoSetup.map { [("autosetup", $0 ? "1" : "0")] } ?? []
        _ = try call("AcceptOrder", [("orderid", String(id))] + setup, .write)
    }

    /// Cancels a pending order. Without `cancelsub`, which fails for an order without a subscription at a gateway.
    public func cancelOrder(_ id: Int) throws(WHMCSFailure) {
        _ = try call("CancelOrder", [("orderid", String(id))], .write)
    }
}

/// The vendor does not document the answer for a missing order. A proxy's "Route not found" is none.
private func isMissingOrder(_ message: String) -> Bool {
    message.hasPrefix("order") && message.contains("not found")
}

extension WHMCSOrder: ListRow {
    static let action = "GetOrders"
    static let names = (outer: "orders", inner: "order")
    static let required = "an order without id, client or status"

    init?(_ row: JSON) {
        guard let id = row["id"]?.id, let clientId = row["userid"]?.id, let status = row["status"]?.stringOrNumber
        else {
            return nil
        }
        self.id = id
        self.clientId = clientId
        self.status = status
        notes = row["notes"]?.stringOrNumber ?? ""
        promotionCode = row["promocode"]?.stringOrNumber ?? ""
        amount = row["amount"]?.stringOrNumber ?? ""
        items = row["lineitems"] == nil ? nil : row.rows("lineitems", "lineitem")?.map(Item.init)
    }
}

extension WHMCSOrder.Item {
    init(_ row: JSON) {
        type = row["type"]?.stringOrNumber?.lowercased() ?? ""
        relatedId = row["relid"]?.id
    }
}
