import JSON

/// A client's product, which WHMCS calls a service. Its password stays behind.
public struct Service: Sendable, Equatable {
    public var id: Int
    public var orderId: Int?
    public var productId: Int
    public var status: String
    public var domain: String
    /// Custom field id → value.
    public var customFields: [Int: String]
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
                action: action, "a service without id, product, status or custom fields", mayHaveHappened: false)
        }
        return services.sorted { $0.id < $1.id }
    }
}

extension Service {
    /// Custom fields that cannot be read make the row unreadable: one of them may be the marker that is looked for.
    init?(_ row: JSON) {
        let customFields = row["customfields"] == nil ? [:] : row.customFields("customfields", "customfield")
        guard let id = row["id"]?.id, let productId = row["pid"]?.id, let status = row["status"]?.stringOrNumber,
            let customFields
        else { return nil }
        self.id = id
        self.productId = productId
        self.status = status
        self.customFields = customFields
        orderId = row["orderid"]?.id
        domain = row["domain"]?.stringOrNumber ?? ""
    }
}
