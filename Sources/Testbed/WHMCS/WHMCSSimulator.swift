import JSON
import Synchronization

/// A WHMCS installation on loopback: the part of the API that selling products needs.
///
/// It keeps real state, and refuses what WHMCS refuses. `/_simulator/` is for people with curl.
public final class WHMCSSimulator: Sendable {
    private let handler: RequestHandler
    private let server: LoopbackServer

    /// Starts with the products and customers of `Seed`.
    public init(identifier: String, secret: String) throws {
        let handler = RequestHandler(Configuration(identifier: identifier, secret: secret), .seeded)
        self.handler = handler
        server = try LoopbackServer { handler.answer($0) }
    }

    var port: UInt16 { server.port }
    public var url: String { server.url }
    /// The URL of the API.
    public var apiURL: String { "\(url)/includes/api.php" }

    /// A snapshot.
    public var state: State { handler.installation.withLock { $0.state } }

    /// Takes effect with the next call.
    public var configuration: Configuration {
        get { handler.installation.withLock { $0.configuration } }
        set { handler.installation.withLock { $0.configuration = newValue } }
    }

    /// Changes the state while no request is served.
    @discardableResult
    public func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        handler.installation.withLock { change(&$0.state) }
    }

    /// Gives the client a pay method, and returns its id.
    @discardableResult
    public func addPayMethod(_ clientId: Int, type: String = "RemoteCreditCard") -> Int {
        update { $0.addPayMethod(clientId, type: type) }
    }

    /// Adds a fault to the next calls.
    ///
    /// - Parameter action: only actions with this in their name; nil for any action.
    public func failNext(_ fault: Fault, on action: String? = nil, times: Int = 1) {
        handler.faults.add(fault, on: action, times: times)
    }

    public func clearFaults() {
        handler.faults.removeAll()
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

/// Answers requests. The server's threads share it.
private final class RequestHandler: Sendable {
    struct Installation {
        var configuration: WHMCSSimulator.Configuration
        var state: WHMCSSimulator.State
    }

    let installation: Mutex<Installation>
    let faults = FaultQueue()

    init(_ configuration: WHMCSSimulator.Configuration, _ state: WHMCSSimulator.State) {
        installation = Mutex(Installation(configuration: configuration, state: state))
    }

    func answer(_ request: ServerRequest) -> ServerReply {
        if request.path.hasPrefix("/_simulator/") { return control(request) }
        guard request.path == "/includes/api.php" else { return .answer(status: 404) }
        // PHP reads only forms, so any other body is a call without credentials.
        let form = PHPForm(request.method == "POST" ? request.form : [])
        installation.withLock { $0.state.actions.append(form["action"]) }
        return faults.carryOut(form["action"]) { installation.withLock { serve(form, &$0) } }
    }

    private func serve(_ form: PHPForm, _ installation: inout Installation) -> ServerReply {
        var status = 200
        var body: [String: JSON]
        do throws(WHMCSRefusal) {
            let action = try installation.configuration.action(form)
            body = try action(form, installation.configuration, &installation.state)
            body["result"] = "success"
        } catch {
            status = error.status
            body = ["result": "error", "message": .string(error.message)]
        }
        guard form["responsetype"] == "json" else { return xml(status, form, body) }
        return .json(status, installation.configuration.responseFormat.applied(to: .object(body)).bytes)
    }

    /// Without `responsetype=json` WHMCS answers in XML. This is enough of it to see that it is not JSON.
    private func xml(_ status: Int, _ form: PHPForm, _ body: [String: JSON]) -> ServerReply {
        let message = body["message"]?.stringOrNumber.map { "<message>\($0)</message>" } ?? ""
        let text = """
            <?xml version="1.0" encoding="utf-8"?>
            <whmcsapi version="9.0.9"><result>\(body["result"]?.stringOrNumber ?? "")</result>\(message)</whmcsapi>
            """
        return .answer(status: status, headers: [("Content-Type", "application/xml")], body: Array(text.utf8))
    }

    private func control(_ request: ServerRequest) -> ServerReply {
        switch (request.method, request.path) {
        case ("POST", "/_simulator/faults"), ("DELETE", "/_simulator/faults"):
            return faults.control(request)
        case ("GET", "/_simulator/state"):
            return .json(200, installation.withLock { $0.state.json }.bytes + Array("\n".utf8))
        case ("POST", "/_simulator/pay-methods"):
            guard let client = JSON(request.body)?["clientid"]?.integer else {
                return .answer(status: 400, body: Array("Expected {\"clientid\": 1236}\n".utf8))
            }
            let id = installation.withLock { $0.state.addPayMethod(client, type: "RemoteCreditCard") }
            return .json(201, JSON.object(["id": .number(id)]).bytes)
        default:
            return .answer(status: 404)
        }
    }
}

extension WHMCSSimulator.State {
    /// Orders with their services, clients and actions, without passwords.
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
