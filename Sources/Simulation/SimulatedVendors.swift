import Basics
import HTTP
import JSON
import Testbed

/// Salesforce's side of an episode: the org of the testbed, without its server, with the world's clock.
final class SimulatedSalesforce {
    private let org: SalesforceOrg

    init(_ clock: Timestamp) {
        org = SalesforceOrg(
            app: .init(clientId: "client", username: "robot", clientSecret: Services.Secrets.client))
        org.state.withLock { $0.clock = clock }
    }

    func answer(_ request: Request, now: Timestamp) -> Response {
        org.state.withLock { $0.clock = now }
        return Response(org.answer(ServerRequest(request)))
    }

    /// An approved order of a good customer.
    func addOrder(isYearly: Bool) -> String {
        let lines =
            isYearly
            ? [Seed.Line(Seed.yearlyHosting)] : [Seed.Line(Seed.hosting), Seed.Line(Seed.setup, quantity: 2)]
        return org.state.withLock { $0.addOrder(account: Seed.account, lines: lines) }
    }

    func record(_ order: String) -> [String: JSON]? { org.state.withLock { $0.record("Order", order) } }

    func revokeTokens() { org.state.withLock { $0.revokeTokens() } }
}

/// WHMCS's side of an episode, likewise.
final class SimulatedWHMCS {
    private let installation: WHMCSInstallation
    /// WHMCS order → the Salesforce order that it was added for. WHMCS itself may have dropped the notes.
    private var origins: [Int: String] = [:]

    init(dropsNotes: Bool) {
        var configuration = WHMCSSimulator.Configuration(
            identifier: "identifier", secret: Services.Secrets.whmcs)
        configuration.dropsNotes = dropsNotes
        installation = WHMCSInstallation(configuration, .seeded)
    }

    func answer(_ call: OutboundCall) -> Response {
        let before = call.action == "AddOrder" ? orders.count : 0
        let reply = installation.answer(ServerRequest(call.request))
        if call.action == "AddOrder", orders.count > before, let added = orders.last {
            origins[added.id] = Self.marker(in: call.request.body)
        }
        return Response(reply)
    }

    /// The WHMCS orders of each Salesforce order, without cancelled ones.
    func liveOrders() -> [String: [Int]] {
        var live: [String: [Int]] = [:]
        for order in orders where order.status != "Cancelled" {
            if let origin = origins[order.id] { live[origin, default: []].append(order.id) }
        }
        return live
    }

    func described(_ ids: [Int]) -> String {
        orders.filter { ids.contains($0.id) }.map { "\($0.id) \($0.status) client \($0.clientId) notes \($0.notes)" }
            .joined(separator: "; ")
    }

    func status(_ id: Int) -> String? { orders.first { $0.id == id }?.status }

    /// Adds the marker to the notes of the order, as a person does who follows the error message.
    func addNote(for salesforceOrder: String) {
        guard let id = liveOrders()[salesforceOrder]?.first else { return }
        installation.content.withLock { content in
            for index in content.state.orders.indices where content.state.orders[index].id == id {
                content.state.orders[index].notes = "sfOrderId=\(salesforceOrder)"
            }
        }
    }

    private var orders: [WHMCSSimulator.Order] { installation.content.withLock { $0.state.orders } }

    /// `notes=sfOrderId%3D<id>` in the form.
    private static func marker(in form: [UInt8]) -> String? {
        let mark = Array("sfOrderId%3D".utf8)
        guard let start = form.firstRange(of: mark)?.upperBound else { return nil }
        return String(decoding: form[start...].prefix(18), as: UTF8.self)
    }
}

extension Response {
    fileprivate init(_ reply: ServerReply) {
        switch reply {
        case .answer(let status, let headers, let body):
            self.init(status: status, headers: headers.map { Header($0.name, $0.value) }, body: body)
        case .drop, .truncated: self.init(status: 500)
        }
    }
}

extension ServerRequest {
    fileprivate init(_ request: Request) {
        let target = request.url.dropFirst("http://".count).drop { $0 != "/" }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: request.method, path: parts.first.map(String.init) ?? "/",
            query: parts.count > 1 ? String(parts[1]) : "",
            headers: request.headers.map { ($0.name.lowercased(), $0.value) }, body: request.body)
    }
}
