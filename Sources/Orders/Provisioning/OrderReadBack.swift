import HTTP
import WHMCS

/// Reads an order back from WHMCS.
struct OrderReadBack {
    let whmcs: WHMCSClient
    let clientID: Int
    let http: HTTPClient

    typealias Found = (order: WHMCSOrder, services: [Service], others: [WHMCSOrder])

    /// - Parameter added: AddOrder's answer, when this run has just added the order.
    /// - Returns: the order, its services and, when it was just added, a page of the client's orders.
    func read(_ id: Int, _ added: AddedOrder?) throws -> Found {
        guard let added else {
            let order = try order(id)
            return (order, try services(of: order), [])
        }
        let (order, besides) = http.together({ try self.order(id) }) {
            http.together(
                { try whmcs.services(clientId: clientID, ids: added.serviceIDs) },
                { try whmcs.someOrders(clientId: clientID) })
        }
        let found = try order.get()
        let (services, others) = try besides.get()
        // Where AddOrder named other services than the order has, these are read now.
        let isWhole = found.items.map { Set($0.compactMap(\.relatedId)) == Set(added.serviceIDs) } ?? false
        return (found, try isWhole ? services.get() : self.services(of: found), (try? others.get()) ?? [])
    }

    private func order(_ id: Int) throws -> WHMCSOrder {
        guard let order = try whmcs.order(id) else {
            throw ProvisioningFailure(.provisioningError, "WHMCS returned order id \(id) and does not list it")
        }
        guard order.clientId == clientID else {
            throw ProvisioningFailure(.provisioningError, "WHMCS order \(id) belongs to another client")
        }
        return order
    }

    private func services(of order: WHMCSOrder) throws -> [Service] {
        guard let items = order.items else {
            return try whmcs.services(clientId: clientID).filter { $0.orderId == order.id }
        }
        return try whmcs.services(clientId: clientID, ids: items.compactMap(\.relatedId))
    }
}

// MARK: What it shows

extension ProvisioningRun {
    /// A customer can write the order's id into the notes of his own orders. They count as none; a person hears of them.
    func alertOfForeignMarkers(_ others: [WHMCSOrder]) {
        let foreign = others.filter {
            !$0.isCancelled && $0.id != order.whmcsOrderID && Marker.isNamed(order.id, in: $0.notes)
        }
        guard let first = foreign.first else { return }
        alerts.raise(
            "WHMCS order \(first.id)" + (foreign.count > 1 ? " and \(foreign.count - 1) more have" : " has")
                + " a note of an order that it does not belong to", order.id)
    }

    /// The places where an order of this plan carries its marker.
    func channels(_ plan: Plan) -> [MarkerSupport.Channel] {
        [.notes] + Set(plan.items.compactMap(\.markerField)).sorted().map { .field($0) }
    }

    /// - Parameter isProof: whether WHMCS has just answered this order. The marker of an adopted order proves nothing, since
    ///   a person may have written it; a marker that is missing always counts.
    func recordMarkerSupport(
        _ created: WHMCSOrder, _ services: [Service], _ plan: Plan, isProof: Bool
    ) throws {
        guard let marker = order.marker else { return }
        var returned = [MarkerSupport.Channel.notes: marker.isIn(created.notes)]
        for item in plan.items {
            guard let field = item.markerField else { continue }
            let ofItem = services.filter { $0.productId == item.productID }
            returned[.field(field)] = !ofItem.isEmpty && ofItem.allSatisfy { $0.customFields[field] == marker.text }
        }
        try markerSupport.record(returned.filter { isProof || !$0.value })
        if !returned.values.contains(true) {
            log.warn("WHMCS dropped the order's marker", ["whmcsOrderId": .number(created.id)])
        }
    }
}
