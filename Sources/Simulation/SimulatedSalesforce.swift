import Basics
import HTTP
import JSON
import Testbed

/// Salesforce's side of an episode: the org of the testbed, without its server, with the world's clock.
final class SimulatedSalesforce {
    private let org: SalesforceOrg
    /// Until a person fixes it, a validation rule refuses the status Provisioned.
    var refusesProvisioned = false

    init(_ clock: Timestamp) {
        org = SalesforceOrg(
            app: .init(clientId: "client", username: "robot", clientSecret: Services.Secrets.client))
        org.state.withLock { $0.clock = clock }
    }

    func answer(_ request: Request, now: Timestamp) -> Response {
        if refusesProvisioned, request.method == "PATCH", request.body.position(of: Self.provisioned) != nil {
            return Response(status: 400, body: Self.refusal.bytes)
        }
        org.state.withLock { $0.clock = now }
        return Response(org.answer(ServerRequest(request)))
    }

    private static let provisioned = Array(#""Provisioned""#.utf8)
    private static let refusal: JSON = [
        ["errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "a person must look", "fields": []]
    ]

    /// An approved order of a good customer, or one that cannot be provisioned until somebody fixes its account or product.
    func addOrder(isReady: Bool, _ random: inout SeededGenerator) -> String {
        var account = Seed.account
        var isDraft = false
        var lines =
            random.chance(0.5)
            ? [Seed.Line(Seed.yearlyHosting)] : [Seed.Line(Seed.hosting), Seed.Line(Seed.setup, quantity: 2)]
        if !isReady {
            switch Int.random(in: 0...4, using: &random) {
            case 0: account = Seed.closedAccount
            case 1: account = Seed.noPayMethodAccount
            case 2: account = Seed.notLinkedAccount
            case 3: lines.append(Seed.Line(Seed.unmappedProduct))
            default: isDraft = true
            }
        }
        let order = org.state.withLock { $0.addOrder(account: account, lines: lines) }
        if isDraft { change("Order", order, "Status", "Draft") }
        return order
    }

    /// An approved order of the customer.
    func addOrder(account: String, isYearly: Bool) -> String {
        let lines =
            isYearly ? [Seed.Line(Seed.yearlyHosting)] : [Seed.Line(Seed.hosting), Seed.Line(Seed.setup, quantity: 2)]
        return org.state.withLock { $0.addOrder(account: account, lines: lines) }
    }

    func addAccount(client: Int) -> String {
        org.state.withLock {
            $0.add("Account", ["Name": "Customer", "WH_Account__c": .string("#\(client) - Customer")])
        }
    }

    func record(_ order: String) -> [String: JSON]? { org.state.withLock { $0.record("Order", order) } }

    /// The WHMCS products that the order's lines name, one for each unit.
    func orderedProducts(_ order: String) -> [Int] {
        org.state.withLock { state in
            state.items(ofOrder: order).values.flatMap { line in
                let product = state.record("Product2", line["Product2Id"]?.string ?? "")?["WH_Product_ID__c"]?.integer
                return Array(repeating: product ?? 0, count: line["Quantity"]?.integer ?? 0)
            }
        }.sorted()
    }

    // MARK: What people do

    func revokeTokens() { org.state.withLock { $0.revokeTokens() } }

    func linkClient() { change("Account", Seed.notLinkedAccount, "WH_Account__c", "#1234 - Example Hosting Ltd") }

    func mapProduct() { change("Product2", Seed.unmappedProduct, "WH_Product_ID__c", 185) }

    func approve(_ order: String) { change("Order", order, "Status", "Approved") }

    func deleteLine(of order: String) {
        org.state.withLock { state in
            let lines = state.items(ofOrder: order)
            guard lines.count > 1, let last = lines.keys.max() else { return }
            state.delete("OrderItem", last)
        }
    }

    private func change(_ type: String, _ id: String, _ field: String, _ value: JSON) {
        org.state.withLock { state in
            guard let record = state.record(type, id) else { return }
            state.add(type, id: id, record.merging([field: value]) { $1 })
        }
    }
}

extension Response {
    init(_ reply: ServerReply) {
        switch reply {
        case .answer(let status, let headers, let body):
            self.init(status: status, headers: headers.map { Header($0.name, $0.value) }, body: body)
        case .drop, .truncated: self.init(status: 500)
        }
    }
}

extension ServerRequest {
    init(_ request: Request) {
        let target = request.url.dropFirst("http://".count).drop { $0 != "/" }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: request.method, path: parts.first.map(String.init) ?? "/",
            query: parts.count > 1 ? String(parts[1]) : "",
            headers: request.headers.map { ($0.name.lowercased(), $0.value) }, body: request.body)
    }
}
