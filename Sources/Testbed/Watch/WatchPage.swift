import AWS
import Foundation
import JSON

/// The page that shows a testbed at work, and its buttons. `deploy/watch` holds its files.
///
/// A page of another site, which may be open in the same browser, can neither read it nor press a button.
struct WatchPage: Sendable {
    let directory: String
    let gateway: String
    let account: AWS.Account
    let resources: TemplateResources
    let functions: [HostedFunction]
    let salesforce: SalesforceSimulator
    let whmcs: WHMCSSimulator
    let journal: Journal
    let queues: [WatchQueue]
    let faults: WatchFaults

    private enum Resource {
        case file(name: String, type: String)
        case icon, state, action

        init?(_ method: String, _ path: String) {
            switch (method, path) {
            case ("GET", "/"): self = .file(name: "index.html", type: "text/html; charset=utf-8")
            case ("GET", "/watch/watch.css"): self = .file(name: "watch.css", type: "text/css; charset=utf-8")
            case ("GET", "/watch/watch.js"): self = .file(name: "watch.js", type: "text/javascript; charset=utf-8")
            // Browsers ask for it without being told to.
            case ("GET", "/favicon.ico"): self = .icon
            case ("GET", "/watch/state"): self = .state
            case ("POST", "/watch/action"): self = .action
            default: return nil
            }
        }
    }

    /// Nil when the page has no such resource.
    func answer(_ request: ServerRequest) -> ServerReply? {
        guard let resource = Resource(request.method, request.path) else { return nil }
        // Another name that leads here is another site's, which has had it resolved to 127.0.0.1 ("DNS rebinding").
        guard hosts.contains(request.header("host") ?? "") else {
            return message(403, "Open the page at \(gateway)/")
        }
        switch resource {
        case .file(let name, let type):
            guard let data = FileManager.default.contents(atPath: "\(directory)/\(name)") else {
                return message(500, "\(directory)/\(name) cannot be read.")
            }
            return reply(200, type, [UInt8](data))
        case .icon: return .answer(status: 204)
        case .state:
            let line = formFields(request.query)["line"].flatMap(Int.init) ?? 0
            return reply(200, "application/json", state(fromLine: line).bytes)
        case .action:
            guard isFromPage(request) else { return message(403, "Only the page itself may press its buttons.") }
            guard let action = JSON(request.body).flatMap(WatchAction.init) else {
                return message(400, "The page has no such button.")
            }
            return carryOutAction(action)
        }
    }

    private var hosts: [String] {
        let port = gateway.split(separator: ":").last ?? ""
        return ["127.0.0.1:\(port)", "localhost:\(port)"]
    }

    /// A browser sends both headers with every POST, and no page can choose them.
    private func isFromPage(_ request: ServerRequest) -> Bool {
        guard let host = request.header("host"), request.header("origin") == "http://\(host)" else { return false }
        // Browsers before 2023 do not send it.
        return request.header("sec-fetch-site") ?? "same-origin" == "same-origin"
    }

    private func carryOutAction(_ action: WatchAction) -> ServerReply {
        do {
            let outcome = try carryOut(action)
            journal.write("page", outcome)
            return message(200, outcome)
        } catch {
            journal.write("page", error.description)
            return message(502, error.description)
        }
    }

    private func message(_ status: Int, _ text: String) -> ServerReply {
        reply(status, "application/json", JSON.object(["message": .string(text)]).bytes)
    }

    private func reply(_ status: Int, _ type: String, _ body: [UInt8]) -> ServerReply {
        .answer(
            status: status,
            headers: [
                ("Content-Type", type), ("Cache-Control", "no-store"),
                (
                    "Content-Security-Policy",
                    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                ),
                ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
                ("X-Content-Type-Options", "nosniff"),
            ], body: body)
    }
}
