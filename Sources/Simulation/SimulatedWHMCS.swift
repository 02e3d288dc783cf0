import Basics
import HTTP
import JSON
import Testbed

/// WHMCS's side of an episode: the installation of the testbed, without its server.
final class SimulatedWHMCS {
    private let installation: WHMCSInstallation
    private let behaviours: Behaviours
    private var random: SeededGenerator
    /// WHMCS order → the Salesforce order that it was added for. WHMCS itself may have dropped the notes.
    private var origins: [Int: String] = [:]
    /// The other way round, oldest first.
    private var added: [String: [Int]] = [:]
    /// Customers' own orders, as they were made.
    private var planted: [Int: WHMCSSimulator.Order] = [:]
    /// Faults of the installation have ended.
    var isHealthy = false

    init(_ behaviours: Behaviours, seed: UInt64) {
        self.behaviours = behaviours
        random = SeededGenerator(seed: seed ^ 0x5748_4d43)
        var configuration = WHMCSSimulator.Configuration(
            identifier: "identifier", secret: Services.Secrets.whmcs)
        configuration.dropsNotes = behaviours.dropsNotes
        configuration.listsOldestFirst = behaviours.listsOldestFirst
        if behaviours.looseFormats {
            configuration.responseFormat = .init(
                numbersAsText: random.chance(0.5), list: .allCases.randomElement(using: &random) ?? .array,
                empty: .allCases.randomElement(using: &random) ?? .array)
        }
        if behaviours.hidesModuleQueue {
            configuration.permissions = [
                "AddOrder", "AcceptOrder", "CancelOrder", "GetOrders", "GetClientsDetails", "GetClientsProducts",
                "GetPayMethods", "GetProducts",
            ]
        }
        var state = WHMCSSimulator.State.seeded
        if random.chance(behaviours.failingModule) { state.moduleErrors[185] = "no server has room" }
        if behaviours.setsUpOnPayment { state.productsSetUpOnPayment = [186] }
        installation = WHMCSInstallation(configuration, state)
    }

    func answer(_ call: OutboundCall) -> Response {
        if call.action == "AcceptOrder", !isHealthy, random.chance(behaviours.moduleErrors) { return moduleError(call) }
        let before = call.action == "AddOrder" ? orders.count : 0
        let reply = installation.answer(ServerRequest(withShortPages(call.request)))
        if call.action == "AddOrder", orders.count > before, let id = orders.last?.id,
            let origin = Self.marker(in: call.request.body)
        {
            origins[id] = origin
            added[origin, default: []].append(id)
        }
        return Response(reply)
    }

    /// The module of a service failed, before or after it set the service up.
    private func moduleError(_ call: OutboundCall) -> Response {
        if random.chance(0.5) { _ = installation.answer(ServerRequest(call.request)) }
        let refusal: JSON = ["result": "error", "message": "Module Create Failed"]
        return Response(status: 200, body: refusal.bytes)
    }

    /// WHMCS may return fewer rows than `limitnum` asks for.
    private func withShortPages(_ request: Request) -> Request {
        let limit = Array("limitnum=250".utf8)
        guard behaviours.rowsInPage > 0, let start = request.body.position(of: limit) else { return request }
        var request = request
        request.body.replaceSubrange(
            start..<start + limit.count, with: Array("limitnum=\(behaviours.rowsInPage)".utf8))
        return request
    }

    /// A client that can pay.
    func addClient(_ id: Int) {
        installation.content.withLock { content in
            content.state.clients.append(.init(id: id, name: "Customer"))
            _ = content.state.addPayMethod(id, type: "RemoteCreditCard")
        }
    }

    // MARK: What it has

    var orderCount: Int { installation.content.withLock { $0.state.orders.count } }

    /// The WHMCS orders of a Salesforce order, without cancelled ones.
    func liveOrders(of salesforceOrder: String) -> [Int] {
        added[salesforceOrder, default: []].filter { status($0) != "Cancelled" }
    }

    /// The Salesforce order that this one was added for.
    func origin(of id: Int) -> String? { origins[id] }

    func described(_ ids: [Int]) -> String {
        orders.filter { ids.contains($0.id) }.map { "\($0.id) \($0.status) client \($0.clientId) notes \($0.notes)" }
            .joined(separator: "; ")
    }

    func status(_ id: Int) -> String? { installation.content.withLock { $0.state.order(id)?.status } }

    /// The products of the order's services.
    func products(_ id: Int) -> [Int] {
        installation.content.withLock { $0.state.services(ofOrder: id).map(\.pid).sorted() }
    }

    func touchedPlantedOrders() -> [Int] {
        if planted.isEmpty { return [] }
        return orders.filter { order in planted[order.id].map { $0 != order } ?? false }.map(\.id)
    }

    private var orders: [WHMCSSimulator.Order] { installation.content.withLock { $0.state.orders } }

    /// `notes=sfOrderId%3D<id>` in the form.
    static func marker(in form: [UInt8]) -> String? {
        let mark = Array("sfOrderId%3D".utf8)
        guard let start = form.position(of: mark) else { return nil }
        return String(decoding: form[(start + mark.count)...].prefix(18), as: UTF8.self)
    }

    // MARK: What people do

    /// Adds the note to the order, as a person does who follows the error message.
    func addNote(_ note: String, for salesforceOrder: String) {
        guard let id = liveOrders(of: salesforceOrder).first else { return }
        change(id) { $0.notes = note }
    }

    /// Repairs what the module needs, and repeats the actions that have failed.
    func repairModule() {
        installation.content.withLock { content in
            content.state.moduleErrors = [:]
            content.state.retryModuleQueue()
        }
    }

    func hasFailedSetup(_ id: Int) -> Bool {
        installation.content.withLock { content in
            let services = Set(content.state.services(ofOrder: id).map(\.id))
            return content.state.moduleQueue.contains { services.contains($0.serviceId) }
        }
    }

    /// - Returns: the cancelled order, if there was one.
    func cancelPending(_ salesforceOrder: String) -> Int? {
        guard let id = liveOrders(of: salesforceOrder).first, status(id) == "Pending" else { return nil }
        change(id) { $0.status = "Cancelled" }
        return id
    }

    /// A customer's own order, with the id of another in its notes, and a reference that he has made up.
    func plantOrder(marked salesforceOrder: String) {
        let reference = random.chance(0.5) ? " ref=AAAAAAAAAAAAAAAAAAAAAA" : ""
        installation.content.withLock { content in
            let order = content.state.addOrder(client: 1234, notes: "sfOrderId=\(salesforceOrder)\(reference)")
            planted[order.id] = order
        }
    }

    /// Opens the closed client, and gives every client a pay method.
    func readyClients() {
        installation.content.withLock { content in
            for index in content.state.clients.indices {
                content.state.clients[index].status = "Active"
                let id = content.state.clients[index].id
                if !content.state.payMethods.contains(where: { $0.clientId == id }) {
                    _ = content.state.addPayMethod(id, type: "RemoteCreditCard")
                }
            }
        }
    }

    func rotateSecret(_ secret: String) { installation.content.withLock { $0.configuration.secret = secret } }

    private func change(_ id: Int, _ change: (inout WHMCSSimulator.Order) -> Void) {
        installation.content.withLock { content in
            for index in content.state.orders.indices where content.state.orders[index].id == id {
                change(&content.state.orders[index])
            }
        }
    }
}
