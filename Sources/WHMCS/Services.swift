import Basics
import JSON

/// A client's product, which WHMCS calls a service, without its password.
public struct Service: Sendable, Equatable {
    public var id: Int
    public var orderId: Int?
    public var productId: Int
    /// `Pending`, `Active`, `Suspended` and others; nil when WHMCS does not say.
    public var status: String?
    /// As WHMCS displays it, `One Time`.
    public var cycle: String?
    /// Decimal numbers, `9.90`.
    public var recurringAmount: String?
    public var firstPaymentAmount: String?
    /// 1 where WHMCS knows no quantity, before version 8.12.
    public var quantity: Int
    public var domain: String?
    /// Custom field id → value.
    public var customFields: [Int: String]
    var clientId: Int?

    public var isPending: Bool { status?.lowercased() == "pending" }
    /// Nothing of it will be set up or billed any more.
    public var hasEnded: Bool { ["cancelled", "terminated", "fraud"].contains(status?.lowercased() ?? "") }
}

extension WHMCSClient {
    /// Every service of the client, lowest id first.
    public func services(clientId: Int) throws(WHMCSFailure) -> [Service] {
        try checked(allRows(ofClient(clientId)), clientId)
    }

    /// The services with these ids, as far as the client has them, lowest id first. WHMCS lists services by their client or
    /// by one id, and not by their order: this reads what takes fewer calls.
    public func services(clientId: Int, ids: [Int]) throws(WHMCSFailure) -> [Service] {
        let ids = Set(ids).sorted()
        guard ids.count > 1 else { return try checked(services(ids, ofClient(clientId)), clientId) }
        var list: PagedList<Service> = try firstPage(ofClient(clientId))
        if ids.count < list.pagesLeft { return try checked(services(ids, ofClient(clientId)), clientId) }
        try readRest(of: &list, ofClient(clientId))
        return try checked(list.rows, clientId).filter { ids.contains($0.id) }
    }

    private func services(_ ids: [Int], _ ofClient: Form) throws(WHMCSFailure) -> [Service] {
        var services: [Service] = []
        for ids in ids.chunks(of: ListLimits.concurrentCalls) {
            let answers = readAll(Service.action, ids.map { ofClient + [("serviceid", String($0))] })
            for (id, answer) in zip(ids, answers) {
                let rows = try ListPage<Service>(answer.get()).rows
                guard rows.allSatisfy({ $0.id == id }) else { throw .foreignRows(action: Service.action) }
                services += rows.prefix(1)
            }
        }
        return services
    }

    private func ofClient(_ id: Int) -> Form { [("clientid", String(id))] }

    private func checked(_ services: [Service], _ clientId: Int) throws(WHMCSFailure) -> [Service] {
        guard services.allSatisfy({ $0.clientId == clientId }) else { throw .foreignRows(action: Service.action) }
        return services.sorted { $0.id < $1.id }
    }
}

extension Service: ListRow {
    static let action = "GetClientsProducts"
    static let names = (outer: "products", inner: "product")
    static let required = "a service without id, product or custom fields"

    /// Custom fields that cannot be read make the row unreadable: one of them may be the one that is searched for.
    init?(_ row: JSON) {
        let customFields = row["customfields"] == nil ? [:] : row.customFields()
        guard let id = row["id"]?.id, let productId = row["pid"]?.id, let customFields else { return nil }
        self.id = id
        self.productId = productId
        self.customFields = customFields
        orderId = row["orderid"]?.id
        clientId = row["clientid"]?.id
        status = row["status"]?.stringOrNumber
        cycle = row["billingcycle"]?.stringOrNumber
        recurringAmount = row["recurringamount"]?.stringOrNumber
        firstPaymentAmount = row["firstpaymentamount"]?.stringOrNumber
        quantity = row["qty"]?.id ?? 1
        domain = row["domain"]?.stringOrNumber
    }
}
