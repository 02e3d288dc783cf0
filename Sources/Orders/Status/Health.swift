import AWS
import Basics
import HTTP
import JSON
import Lambda

/// Checks the services that an order needs, all at once.
struct Health {
    struct Report {
        var isHealthy: Bool
        var body: JSON
    }

    var http: HTTPClient
    var table: Table
    var bus: EventBus

    /// `{"status", "ledger", "token", "bus"}`, each part with `ok`, `milliseconds` and, when not ok, `problem`. The token
    /// has its age in s, which the ledger knows.
    func check() -> Report {
        let results = http.sendAll([table.getRequest(ItemKey.token), bus.describeRequest()])
        let parts = [
            part("ledger", results[0]) { result in
                _ = try table.get(result)
                return [:]
            },
            part("token", results[0]) { result in
                guard let storedAt = try table.get(result)?[.updatedAt]?.timestamp else { throw NoToken() }
                return ["ageSeconds": .number((http.now() - storedAt) / 1000)]
            },
            part("bus", results[1]) { result in
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

    /// The whole message could reveal internals.
    private func problem(_ error: any Error) -> String {
        switch error {
        case AWSFailure.unreachable: "no answer"
        case let failure as AWSFailure: failure.code ?? "unreadable answer"
        default: "\(error)"
        }
    }

    private struct NoToken: Error, CustomStringConvertible {
        let description = "refresh-sf-token has stored no token"
    }
}
