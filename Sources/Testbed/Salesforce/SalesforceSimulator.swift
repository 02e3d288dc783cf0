import Foundation
import JSON
import Synchronization

/// A Salesforce org on loopback: the tokens, queries and updates that provisioning needs.
///
/// It keeps real state, and refuses what Salesforce refuses. `/_simulator/` is for people with curl.
public final class SalesforceSimulator: Sendable {
    private let handler: RequestHandler
    private let server: LoopbackServer

    /// Starts with the accounts and orders of `Seed`.
    ///
    /// - Parameter pageSize: how many rows a page of a query's result holds. The children of a row have pages of their own.
    public init(app: App, pageSize: Int = 2000) throws {
        let handler = RequestHandler(app: app, pageSize: pageSize, state: .seeded)
        self.handler = handler
        server = try LoopbackServer { handler.answer($0) }
    }

    var port: UInt16 { server.port }
    /// The login URL, My Domain and instance URL in one.
    public var url: String { server.url }

    /// A snapshot.
    public var state: State { handler.state.withLock { $0 } }

    /// Changes the state while no request is served.
    @discardableResult
    public func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        handler.state.withLock { change(&$0) }
    }

    /// The record with that id of 15 or 18 characters. An absent field is null.
    public func record(_ type: String, _ id: String) -> [String: JSON]? {
        state.record(type, id)
    }

    /// Every value that was written to the order's Provisioning_Status__c, oldest first.
    public func statusHistory(_ id: String) -> [String] {
        state.statusHistory[salesforceId18(id) ?? id] ?? []
    }

    /// Adds or replaces a record, and returns its 18-character id.
    @discardableResult
    public func add(_ type: String, id: String? = nil, _ fields: [String: JSON]) -> String {
        update { $0.add(type, id: id, fields) }
    }

    /// Issues a valid token without a grant.
    public func issueToken() -> String {
        update { $0.issueToken() }
    }

    /// Invalidates every token issued so far.
    public func revokeTokens() {
        update { $0.tokens = [] }
    }

    /// Adds a fault to the next calls.
    ///
    /// - Parameter call: only calls with this in their "METHOD path"; nil for any call.
    public func failNext(_ fault: Fault, on call: String? = nil, times: Int = 1) {
        handler.faults.add(fault, on: call, times: times)
    }

    public func clearFaults() {
        handler.faults.removeAll()
    }

    /// Waits for calls that are still at work.
    public func stop() {
        server.stop()
    }
}

/// Answers requests. The server's threads share it.
private final class RequestHandler: Sendable {
    private let app: SalesforceSimulator.App
    private let pageSize: Int
    let state: Mutex<SalesforceSimulator.State>
    let faults = FaultQueue()

    init(app: SalesforceSimulator.App, pageSize: Int, state: SalesforceSimulator.State) {
        self.app = app
        self.pageSize = pageSize
        self.state = Mutex(state)
    }

    func answer(_ request: ServerRequest) -> ServerReply {
        if request.path.hasPrefix("/_simulator/") { return control(request) }
        let call = "\(request.method) \(request.path)"
        state.withLock { $0.requests.append(call) }
        return faults.carryOut(call) { state.withLock { serve(request, &$0) } }
    }

    private func serve(_ request: ServerRequest, _ state: inout SalesforceSimulator.State) -> ServerReply {
        if request.path == "/services/oauth2/token" { return grant(request, &state) }
        guard let token = bearer(request), state.tokens.contains(token) else {
            let error = SalesforceRefusal(
                status: 401, code: "INVALID_SESSION_ID", message: "Session expired or invalid")
            return reply(SalesforceReply(error), state)
        }
        let target = request.query.isEmpty ? request.path : "\(request.path)?\(request.query)"
        if !request.body.isEmpty, JSON(request.body) == nil {
            let error = SalesforceRefusal(
                status: 400, code: "JSON_PARSER_ERROR", message: "Unexpected character at [line:1, column:1]")
            return reply(SalesforceReply(error), state)
        }
        return reply(resource(request.method, target, JSON(request.body), &state), state)
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
        _ method: String, _ target: String, _ body: JSON?, _ state: inout SalesforceSimulator.State
    ) -> SalesforceReply {
        let pieces = target.split(separator: "?", maxSplits: 1).map(String.init)
        let path = (pieces.first ?? "").split(separator: "/").map(String.init)
        guard path.count >= 4, path[0] == "services", path[1] == "data", path[2].hasPrefix("v"),
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
        do throws(SalesforceRefusal) {
            switch (method, path[3], path.count) {
            case ("GET", "query", 4):
                guard let text = pieces.count > 1 ? formFields(pieces[1])["q"] : nil else {
                    throw SalesforceRefusal(
                        status: 400, code: "MALFORMED_QUERY", message: "SOQL query string parameter q is missing")
                }
                return SalesforceReply(200, try state.query(text, pageSize: pageSize, dataPath: dataPath))
            case ("GET", "query", 5):
                return SalesforceReply(200, try state.queryMore(path[4], pageSize: pageSize, dataPath: dataPath))
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
        var headers = [(name: "Sforce-Limit-Info", value: "api-usage=\(state.requests.count)/100000")]
        if reply.body != nil { headers.append(("Content-Type", "application/json;charset=UTF-8")) }
        return .answer(status: reply.status, headers: headers, body: reply.body?.salesforceBytes ?? [])
    }

    private func bearer(_ request: ServerRequest) -> String? {
        let parts = request.header("authorization")?.split(separator: " ") ?? []
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
