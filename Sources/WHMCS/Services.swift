import JSON

/// A client's product, which WHMCS calls a service, without its password.
public struct Service: Sendable, Equatable {
    public var id: Int
    public var orderId: Int?
    public var productId: Int
    /// `Pending`, `Active`, …; nil when the answer has none, as the next ones.
    public var status: String?
    /// In WHMCS's display words, `Semi-Annually`.
    public var cycle: String?
    /// Decimal numbers, as WHMCS writes them.
    public var firstPaymentAmount: String?
    public var recurringAmount: String?
    /// 1 unless the product scales.
    public var quantity: Int
    public var domain: String?
    /// Custom field id → value.
    public var customFields: [Int: String]

    public var isPending: Bool { status?.lowercased() == "pending" }
}

extension WHMCSClient {
    /// Every service of the client, lowest id first.
    public func services(clientId: Int) throws(WHMCSFailure) -> [Service] {
        let action = "GetClientsProducts"
        let rows = try allRows(action, [("clientid", String(clientId))], "products", "product")
        guard rows.allSatisfy({ $0["clientid"]?.id == clientId }) else { throw .foreignRows(action: action) }
        let services = rows.compactMap(Service.init)
        guard services.count == rows.count else {
            throw .unreadable(
                action: action, "a service without id, product or custom fields", mayHaveHappened: false)
        }
        return services.sorted { $0.id < $1.id }
    }
}

extension WHMCSClient {
    /// The client's services with these ids, lowest first.
    public func services(clientId: Int, ids: [Int]) throws(WHMCSFailure) -> [Service] {
        try services(clientId: clientId).filter { ids.contains($0.id) }
    }
}

extension Service {
    /// Custom fields that cannot be read make the row unreadable: one of them may be the one that is searched for.
    init?(_ row: JSON) {
        let customFields = row["customfields"] == nil ? [:] : row.customFields()
        guard let id = row["id"]?.id, let productId = row["pid"]?.id, let customFields else { return nil }
        self.id = id
        self.productId = productId
        self.customFields = customFields
        orderId = row["orderid"]?.id
        status = row["status"]?.stringOrNumber
        cycle = row["billingcycle"]?.stringOrNumber
        firstPaymentAmount = row["firstpaymentamount"]?.stringOrNumber
        recurringAmount = row["recurringamount"]?.stringOrNumber
        quantity = row["qty"]?.id ?? 1
        domain = row["domain"]?.stringOrNumber
    }
}
