import Foundation
import JSON
import Synchronization

/// The installation behind the simulator's server. Several threads may share it.
package final class WHMCSInstallation: Sendable {
    package struct Content: Sendable {
        package var configuration: WHMCSSimulator.Configuration
        package var state: WHMCSSimulator.State
    }

    package let content: Mutex<Content>
    let faults = FaultQueue()
    /// Requests at work, and the most so far.
    let requests = Mutex((now: 0, most: 0))

    package init(_ configuration: WHMCSSimulator.Configuration, _ state: WHMCSSimulator.State) {
        content = Mutex(Content(configuration: configuration, state: state))
    }

    package func answer(_ request: ServerRequest) -> ServerReply {
        if request.path.hasPrefix("/_simulator/") { return control(request) }
        guard request.path == "/includes/api.php" else { return .answer(status: 404) }
        // PHP reads only forms, so any other body is a call without credentials.
        let form = PHPForm(request.method == "POST" ? request.form : [])
        content.withLock { $0.state.actions.append(form["action"]) }
        let atOnce = requests.withLock { requests in
            requests.now += 1
            requests.most = max(requests.most, requests.now)
            return requests.now
        }
        defer { requests.withLock { $0.now -= 1 } }
        return faults.carryOut(form["action"]) { serve(form, atOnce: atOnce) }
    }

    /// Half of the time passes before it acts, and half after.
    private func serve(_ form: PHPForm, atOnce: Int) -> ServerReply {
        let time = content.withLock { $0.configuration.responseTime }.map { Double($0.with(atOnce)) / 1000 }
        if let time { Thread.sleep(forTimeInterval: time / 2) }
        defer { if let time { Thread.sleep(forTimeInterval: time / 2) } }
        return content.withLock { serve(form, &$0) }
    }

    private func serve(_ form: PHPForm, _ content: inout Content) -> ServerReply {
        var status = 200
        var body: [String: JSON]
        do throws(WHMCSRefusal) {
            let action = try content.configuration.action(form)
            body = try action(form, content.configuration, &content.state)
            body["result"] = "success"
        } catch {
            status = error.status
            body = ["result": "error", "message": .string(error.message)]
        }
        guard form["responsetype"] == "json" else { return xml(status, form, body) }
        return .json(status, content.configuration.responseFormat.applied(to: .object(body)).bytes)
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
            return .json(200, content.withLock { $0.state.json }.bytes + Array("\n".utf8))
        case ("POST", "/_simulator/pay-methods"):
            guard let client = JSON(request.body)?["clientid"]?.integer else {
                return .answer(status: 400, body: Array("Expected {\"clientid\": 1236}\n".utf8))
            }
            let id = content.withLock { $0.state.addPayMethod(client, type: "RemoteCreditCard") }
            return .json(201, JSON.object(["id": .number(id)]).bytes)
        case ("POST", "/_simulator/module-errors"):
            guard let body = JSON(request.body), let product = body["pid"]?.integer else {
                return .answer(status: 400, body: Array("Expected {\"pid\": 185, \"error\": \"…\" or null}\n".utf8))
            }
            content.withLock { $0.state.moduleErrors[product] = body["error"]?.string }
            return .answer(status: 204)
        case ("POST", "/_simulator/module-queue/retry"):
            content.withLock { $0.state.retryModuleQueue() }
            return .answer(status: 204)
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
            "status": .string(status), "amount": .string(amount), "domain": .string(domain),
            "configoptions": .object(configOptions.mapValues(JSON.string)),
            "customfields": .object(
                Dictionary(customFields.map { (String($0.key), .string($0.value)) }) { $1 }),
        ]
    }
}
