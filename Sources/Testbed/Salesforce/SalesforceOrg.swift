import JSON
import Synchronization

/// The org behind the simulator's server. Several threads may share it.
package final class SalesforceOrg: Sendable {
    private let app: SalesforceSimulator.App
    private let pageSize: Int
    package let state: Mutex<SalesforceSimulator.State>
    let faults = FaultQueue()

    package init(app: SalesforceSimulator.App, pageSize: Int = 2000, state: SalesforceSimulator.State = .seeded) {
        self.app = app
        self.pageSize = pageSize
        self.state = Mutex(state)
    }

    package func answer(_ request: ServerRequest) -> ServerReply {
        if request.path.hasPrefix("/_simulator/") { return control(request) }
        let call = "\(request.method) \(request.path)"
        state.withLock { $0.requests.append(call) }
        return faults.carryOut(call) { state.withLock { serve(request, &$0) } }
    }

    private func serve(_ request: ServerRequest, _ state: inout SalesforceSimulator.State) -> ServerReply {
        if request.path == "/services/oauth2/token" { return grant(request, &state) }
        let isAuthorized = bearer(request).map(state.tokens.contains) ?? false
        guard isAuthorized else {
            let error = SalesforceRefusal(
                status: 401, code: "INVALID_SESSION_ID", message: "Session expired or invalid")
            return reply(SalesforceReply(error), state)
        }
        let body = JSON(request.body)
        guard body != nil || request.body.isEmpty else {
            let error = SalesforceRefusal(
                status: 400, code: "JSON_PARSER_ERROR", message: "Unexpected character at [line:1, column:1]")
            return reply(SalesforceReply(error), state)
        }
        return reply(resource(request, body, &state), state)
    }

    private func grant(_ request: ServerRequest, _ state: inout SalesforceSimulator.State) -> ServerReply {
        guard request.method == "POST" else { return .answer(status: 405) }
        let instanceURL = "http://\(request.header("host") ?? "127.0.0.1")"
        do throws(OAuthError) {
            return .json(200, try grantToken(request, app: app, instanceURL: instanceURL, state: &state).bytes)
        } catch {
            return .json(400, error.json.bytes)
        }
    }

    /// Answers a request under `/services/data/`.
    private func resource(
        _ request: ServerRequest, _ body: JSON?, _ state: inout SalesforceSimulator.State
    ) -> SalesforceReply {
        let path = request.path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        guard path.count >= 3, path[0] == "services", path[1] == "data", path[2].hasPrefix("v"),
            let version = Double(path[2].dropFirst())
        else { return SalesforceReply(.notFound) }
        // Summer '25 retired versions 21 to 30 (Salesforce help 000354473).
        guard version > 30 else {
            return SalesforceReply(
                SalesforceRefusal(
                    status: 410, code: "UNSUPPORTED_API_VERSION",
                    message: "The requested API version is retired and no longer available"))
        }
        let dataPath = "/services/data/\(path[2])"
        guard path.count > 3 else {
            return SalesforceReply(
                200, ["query": .string("\(dataPath)/query"), "sobjects": .string("\(dataPath)/sobjects")])
        }
        do throws(SalesforceRefusal) {
            switch (request.method, path[3], path.count) {
            case ("GET", "query", 4):
                guard let text = formFields(request.query)["q"] else {
                    throw SalesforceRefusal(
                        status: 400, code: "MALFORMED_QUERY", message: "SOQL query string parameter q is missing")
                }
                return SalesforceReply(200, try state.query(text, pageSize: pageSize, dataPath: dataPath))
            case ("GET", "query", 5):
                return SalesforceReply(200, try state.queryMore(path[4], pageSize: pageSize, dataPath: dataPath))
            case ("GET", "sobjects", 6) where path[5] == "describe":
                return SalesforceReply(200, try state.describe(path[4]))
            case ("PATCH", "sobjects", 6):
                try state.update(path[4], path[5], body?.object ?? [:])
                return SalesforceReply(204, nil)
            case ("PATCH", "composite", 5) where path[4] == "sobjects":
                return SalesforceReply(200, try state.updateCollection(body ?? .null))
            default:
                return SalesforceReply(.notFound)
            }
        } catch {
            return SalesforceReply(error)
        }
    }

    private func reply(_ reply: SalesforceReply, _ state: SalesforceSimulator.State) -> ServerReply {
        var headers = [(name: "Sforce-Limit-Info", value: "api-usage=\(state.requests.count)/\(state.dailyCalls)")]
        if reply.body != nil { headers.append(("Content-Type", "application/json;charset=UTF-8")) }
        return .answer(status: reply.status, headers: headers, body: reply.body?.salesforceBytes ?? [])
    }

    private func bearer(_ request: ServerRequest) -> String? {
        let parts = request.header("authorization")?.utf8.split(separator: UInt8(ascii: " ")).map(Substring.init) ?? []
        return parts.count == 2 && ["bearer", "oauth"].contains(parts[0].lowercased()) ? String(parts[1]) : nil
    }

    private func control(_ request: ServerRequest) -> ServerReply {
        switch (request.method, request.path) {
        case ("POST", "/_simulator/faults"), ("DELETE", "/_simulator/faults"):
            return faults.control(request)
        case ("GET", "/_simulator/state"):
            return .json(200, state.withLock { $0.json }.salesforceBytes + Array("\n".utf8))
        case ("POST", "/_simulator/revoke-tokens"):
            state.withLock { $0.tokens = [] }
            return .answer(status: 204)
        default:
            return .answer(status: 404)
        }
    }
}

extension SalesforceSimulator.State {
    /// Records, status history and requests, without tokens.
    fileprivate var json: JSON {
        [
            "records": .object(records.mapValues { .object($0.mapValues(JSON.object)) }),
            "statusHistory": .object(statusHistory.mapValues { .array($0.map(JSON.string)) }),
            "tokensIssued": .number(tokensIssued),
            "requests": .array(requests.map(JSON.string)),
        ]
    }
}
