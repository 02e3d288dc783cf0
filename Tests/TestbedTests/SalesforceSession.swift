import JSON
import Testing

@testable import Testbed

/// Calls the REST API of a simulator of its own.
struct SalesforceSession {
    let salesforce: SalesforceSimulator
    let token: String

    init() throws {
        salesforce = try SalesforceSimulator(app: .init(clientId: "c", username: "u"), pageSize: 2)
        token = salesforce.issueToken()
    }

    func call(_ method: String, _ target: String, _ body: String = "", token: String? = nil) throws -> (
        status: Int, body: JSON, answer: RawClient.Response
    ) {
        let answer = try #require(
            try request(
                salesforce.port, method, target, headers: ["Authorization": "Bearer \(token ?? self.token)"],
                body: body))
        return (answer.status, JSON(answer.body) ?? .null, answer)
    }

    func query(_ soql: String) throws -> (status: Int, body: JSON, answer: RawClient.Response) {
        try call("GET", "/services/data/v66.0/query?q=\(formEncoded(soql))")
    }

    static let order = "/services/data/v66.0/sobjects/Order/\(Seed.order)"
}
