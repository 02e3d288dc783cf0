import AWS
import Basics
import HTTP
import JSON
import Lambda
import Salesforce

/// Checks the services that an order needs, all at once.
struct Health {
    struct Report {
        var isHealthy: Bool
        var body: JSON
    }

    var http: HTTPClient
    var table: Table
    var bus: EventBus
    var parameters: ParameterStore
    var tokenParameter: String

    /// `{"status", "ledger", "token", "bus"}`, each part with `ok`, `milliseconds` and, when not ok,
    /// `problem`. The token has its age in s.
    func check() -> Report {
        let results = http.sendAll([
            table.getRequest("health"), parameters.getRequest([tokenParameter]), bus.describeRequest(),
        ])
        let parts = [
            part("ledger", results[0]) { result in
                _ = try table.get(result)
                return [:]
            },
            part("token", results[1]) { try token($0) },
            part("bus", results[2]) { result in
                try bus.describe(result)
                return [:]
            },
        ]
        let isHealthy = parts.allSatisfy { $0.value["ok"] == true }
        var body = Dictionary(parts) { $1 }
        body["status"] = isHealthy ? "ok" : "unavailable"
        return Report(isHealthy: isHealthy, body: .object(body))
    }

    private func part(
        _ name: String, _ result: Result<Response, HTTPFailure>,
        _ read: (Result<Response, HTTPFailure>) throws -> [String: JSON]
    ) -> (key: String, value: JSON) {
        var members: [String: JSON] = ["ok": true]
        if case .success(let response) = result { members["milliseconds"] = .number(response.milliseconds) }
        do {
            members.merge(try read(result)) { $1 }
        } catch {
            members["ok"] = false
            members["problem"] = .string(problem(error))
        }
        return (name, .object(members))
    }

    /// Anybody may call this, and the whole message could reveal internals.
    private func problem(_ error: any Error) -> String {
        switch error {
        case AWSFailure.unreachable: "no answer"
        case let failure as AWSFailure: failure.code ?? "unreadable answer"
        default: "\(error)"
        }
    }

    private func token(_ result: Result<Response, HTTPFailure>) throws -> [String: JSON] {
        guard let value = try parameters.get(result)[tokenParameter] else {
            throw SalesforceFailure.noToken("missing")
        }
        let token = try Token(parameterValue: value)
        return ["ageSeconds": .number((http.now() - token.issuedAt) / 1000)]
    }
}
