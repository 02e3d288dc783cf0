import JSON
import Synchronization

/// A WHMCS install on loopback, as far as selling products through its API needs one.
///
/// It keeps real state and refuses what WHMCS refuses. People steer it under `/_simulator/`.
public final class WHMCSSimulator: Sendable {
    private let shop: Shop
    private let server: LoopbackServer

    /// - Parameter state: what the install holds at the start.
    public init(port: UInt16 = 0, install: Install, state: State = .seeded) throws {
        let shop = Shop(install: install, state: state)
        self.shop = shop
        server = try LoopbackServer(port: port) { shop.answer($0) }
    }

    public convenience init(
        port: UInt16 = 0, identifier: String, secret: String, shape: Shape = Shape(), dropsNotes: Bool = false
    ) throws {
        var install = Install(identifier: identifier, secret: secret)
        install.shape = shape
        install.dropsNotes = dropsNotes
        try self.init(port: port, install: install)
    }

    public var port: UInt16 { server.port }
    public var url: String { server.url }
    /// Where the API is.
    public var apiURL: String { "\(url)/includes/api.php" }

    /// A snapshot.
    public var state: State { shop.memory.withLock { $0.state } }

    /// How the install is set up; takes effect with the next call.
    public var install: Install {
        get { shop.memory.withLock { $0.install } }
        set { shop.memory.withLock { $0.install = newValue } }
    }

    /// Changes what the install holds, while no request is being served.
    @discardableResult
    public func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        shop.memory.withLock { change(&$0.state) }
    }

    /// Gives the client a way to pay, and returns its id.
    @discardableResult
    public func addPayMethod(_ clientId: Int, type: String = "RemoteCreditCard") -> Int {
        update { $0.addPayMethod(clientId, type: type) }
    }

    /// - Parameter action: part of the name of the actions it is meant for; nil for any.
    public func failNext(_ fault: Fault, on action: String? = nil, times: Int = 1) {
        shop.faults.add(fault, on: action, times: times)
    }

    public func clearFaults() {
        shop.faults.removeAll()
    }

    /// Waits for calls that are still at work.
    public func stop() {
        server.stop()
    }
}

extension WHMCSSimulator.State {
    mutating func addPayMethod(_ clientId: Int, type: String) -> Int {
        let method = WHMCSSimulator.PayMethod(id: newId(), clientId: clientId, type: type)
        payMethods.append(method)
        return method.id
    }
}

/// What the server's threads share.
private final class Shop: Sendable {
    struct Memory {
        var install: WHMCSSimulator.Install
        var state: WHMCSSimulator.State
    }

    let memory: Mutex<Memory>
    let faults = FaultQueue()

    init(install: WHMCSSimulator.Install, state: WHMCSSimulator.State) {
        memory = Mutex(Memory(install: install, state: state))
    }

    func answer(_ request: ServerRequest) -> ServerReply {
        if request.path.hasPrefix("/_simulator/") { return control(request) }
        guard request.path == "/includes/api.php" else { return .answer(status: 404) }
        // PHP reads nothing but a form, so anything else ends as a call without credentials.
        let form = PHPForm(request.method == "POST" ? request.form : [])
        memory.withLock { $0.state.actions.append(form["action"]) }
        return faults.carryOut(form["action"]) { memory.withLock { serve(form, &$0) } }
    }

    private func serve(_ form: PHPForm, _ memory: inout Memory) -> ServerReply {
        var status = 200
        var body: [String: JSON]
        do throws(WHMCSRefusal) {
            let action = try memory.install.action(form)
            body = try action(form, memory.install, &memory.state)
            body["result"] = "success"
        } catch {
            status = error.status
            body = ["result": "error", "message": .string(error.message)]
        }
        guard form["responsetype"] == "json" else { return xml(status, form, body) }
        return .json(status, memory.install.shape.applied(to: .object(body)).bytes)
    }

    /// Without `responsetype=json` WHMCS answers XML; enough of it to see that it is not JSON.
    private func xml(_ status: Int, _ form: PHPForm, _ body: [String: JSON]) -> ServerReply {
        let message = body["message"]?.stringOrNumber.map { "<message>\($0)</message>" } ?? ""
        let text = """
            <?xml version="1.0" encoding="utf-8"?>
            <whmcsapi version="9.0.9"><result>\(body["result"]?.stringOrNumber ?? "")</result>\(message)</whmcsapi>
            """
        return .answer(status: status, headers: [("Content-Type", "application/xml")], body: Array(text.utf8))
    }

    /// For a person with curl.
    private func control(_ request: ServerRequest) -> ServerReply {
        switch (request.method, request.path) {
        case ("POST", "/_simulator/faults"), ("DELETE", "/_simulator/faults"):
            return faults.control(request)
        case ("GET", "/_simulator/state"):
            return .json(200, memory.withLock { $0.state.json }.bytes + Array("\n".utf8))
        case ("POST", "/_simulator/pay-methods"):
            guard let client = JSON(request.body)?["clientid"]?.integer else {
                return .answer(status: 400, body: Array("Expected {\"clientid\": 1236}\n".utf8))
            }
            let id = memory.withLock { $0.state.addPayMethod(Int(client), type: "RemoteCreditCard") }
            return .json(201, JSON.object(["id": .number(id)]).bytes)
        default:
            return .answer(status: 404)
        }
    }
}

extension WHMCSSimulator.State {
    /// Orders with their services, clients and actions; no password.
    fileprivate var json: JSON {
        [
            "orders": .array(
                orders.map { order in
                    [
                        "id": .number(order.id), "number": .string(order.number),
                        "clientid": .number(order.clientId), "status": .string(order.status),
                        "notes": .string(order.notes), "amount": .string(order.amount), "date": .string(order.date),
                        "services": .array(services(ofOrder: order.id).map(\.json)),
                    ]
                }),
            "clients": .array(
                clients.map { client in
                    [
                        "id": .number(client.id), "status": .string(client.status),
                        "paymethods": .number(payMethods.count { $0.clientId == client.id }),
                    ]
                }),
            "actions": .array(actions.map(JSON.string)),
        ]
    }
}

extension WHMCSSimulator.Service {
    fileprivate var json: JSON {
        [
            "id": .number(id), "pid": .number(pid), "billingcycle": .string(billingCycle),
            "status": .string(status), "amount": .string(amount),
            "customfields": .object(
                Dictionary(customFields.map { (String($0.key), .string($0.value)) }) { $1 }),
        ]
    }
}
