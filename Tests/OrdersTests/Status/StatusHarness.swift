import TestSupport
import Basics
import JSON
import Lambda
import Testing

@testable import Orders
@testable import Salesforce

/// order-status in this process, with an AWS account of its own.
final class StatusHarness {
    let aws: SimulatedAccount
    let network = FakeHTTPClient.passingThrough()
    let log = LogLines()
    private let status: OrderStatus

    /// - Parameters:
    ///   - values: replace variables of a valid configuration.
    ///   - endpoints: URLs of single AWS services, by their names in `AWS_ENDPOINT_URL_…`.
    init(_ values: [String: String] = [:], endpoints: [String: String] = [:]) throws {
        aws = try SimulatedAccount()
        var environment = Environment(
            [
                "LEDGER_TABLE": aws.table, "EVENT_BUS_NAME": aws.bus,
                "SF_ACCESS_TOKEN_PARAMETER": aws.parameter("token"),
            ].merging(values) { $1 })
        let settings = OrderStatus.Settings(&environment)
        try environment.check()
        status = OrderStatus(settings, aws.account(with: endpoints), network.client, log.log)
    }

    func get(_ path: String, order: String? = nil, method: String = "GET") throws -> GatewayAnswer {
        var event: [String: JSON] = [
            "rawPath": .string(path),
            "requestContext": [
                "requestId": "api-1", "http": ["method": .string(method), "sourceIp": "198.51.100.7"],
            ],
        ]
        if let order { event["pathParameters"] = ["sfOrderId": .string(order)] }
        return try handle(JSON.object(event).bytes)
    }

    func handle(_ payload: [UInt8]) throws -> GatewayAnswer {
        GatewayAnswer(try status.handle(Invocation(requestID: "r", deadline: network.now + 10_000, payload: payload)))
    }

    /// Stores a token.
    ///
    /// - Parameter age: in ms.
    func putToken(age: Int) throws {
        let token = Token(
            accessToken: "00D!secret", instanceURL: "https://acme.my.salesforce.com", issuedAt: network.now - age)
        try aws.put("token", try #require(token).parameterValue)
    }
}
