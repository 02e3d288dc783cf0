import HTTP
import WHMCS

/// Reads an order back from WHMCS.
struct OrderReadBack {
    let whmcs: WHMCSClient
    let clientID: Int
    let http: HTTPClient

    typealias Found = (order: WHMCSOrder, services: [Service])

    func read(_ id: Int) throws -> Found {
        let order = try order(id)
        return (order, try services(of: order))
    }

    /// Reads an order that this run has just added.
    ///
    /// - Returns: the order, and a page of the client's orders, whether or not the order could be read.
    func read(_ added: AddedOrder) -> (Result<Found, any Error>, others: [WHMCSOrder]) {
        let (found, others) = http.together({ try self.found(added) }, { try whmcs.someOrders(clientId: clientID) })
        return (found, (try? others.get()) ?? [])
    }

    private func found(_ added: AddedOrder) throws -> Found {
        let (order, services) = http.together(
            { try self.order(added.id) }, { try whmcs.services(clientId: clientID, ids: added.serviceIDs) })
        let found = try order.get()
        // Where AddOrder named other services than the order has, these are read now.
        let isWhole = found.items.map { Set($0.compactMap(\.relatedId)) == Set(added.serviceIDs) } ?? false
        return (found, try isWhole ? services.get() : self.services(of: found))
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
    /// - Parameter added: AddOrder's answer, when this run has just added an order.
    func readBack(_ id: Int, _ added: AddedOrder?, _ whmcs: WHMCSClient, _ plan: Plan) throws -> OrderReadBack.Found {
        let readBack = OrderReadBack(whmcs: whmcs, clientID: plan.clientID, http: http)
        guard let added, added.id == id else { return try readBack.read(id) }
        let (found, others) = readBack.read(added)
        // Before anything that may fail: only this run looks.
        alertOfForeignMarkers(others)
        return try found.get()
    }

    /// A customer can write the order's id into the notes of his own orders. They count as none; a person hears of them.
    /// An order with the whole marker is a duplicate.
    private func alertOfForeignMarkers(_ others: [WHMCSOrder]) {
        let named = others.filter {
            !$0.isCancelled && $0.id != order.whmcsOrderID && Marker.isNamed(order.id, in: $0.notes)
        }
        let foreign = named.filter { order.marker?.isIn($0.notes) != true }
        guard let first = foreign.first else { return }
        alerts.raise(.foreignNote(first.id, others: foreign.count - 1), order.id)
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
