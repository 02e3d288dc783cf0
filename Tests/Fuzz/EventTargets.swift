import Basics
import HTTP
import JSON
import Lambda

@testable import Orders

/// What starts a function, whole: the first part is the event, the others are the answers that the function gets.
let eventTargets = [
    Target("provision-order") { bytes in
        let event = parts(bytes)[0]
        let direct = invocation(event)
        _ = try? ProvisionRequested(direct, now: HTTPClient.start).detail
        _ = try? PlanPreview.orderID(JSON(event))
        if let queue = try? QueueEvent(event) {
            precondition(JSON(QueueEvent.answer(failed: queue.messages)) != nil)
            for message in queue.messages {
                _ = try? ProvisionRequested(invocation(message.body), now: HTTPClient.start).detail
            }
        }
        try handle("provision-order", bytes)
    },
    Target("verify-signature") { try handle("verify-signature", $0) },
    Target("recover-orders") { try handle("recover-orders", $0) },
    Target("refresh-sf-token") { try handle("refresh-sf-token", $0) },
    Target("order-status") { try handle("order-status", $0) },
]

private func invocation(_ event: [UInt8]) -> Invocation {
    Invocation(requestID: "r", deadline: HTTPClient.start + 300_000, payload: event)
}

private func handle(_ program: String, _ bytes: [UInt8]) throws {
    let parts = parts(bytes)
    let answers = Array(parts.dropFirst().joined(separator: [0]))
    let log = Log(
        now: { HTTPClient.start }, write: { precondition(JSON(Array($0.dropLast())) != nil, "a log line is JSON") })
    _ = try startProgram(program, Environment(variables), .answering(answers), log)(invocation(parts[0]))
}

private let variables = [
    "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "STACK_NAME": "orders",
    "LEDGER_TABLE": "ledger",
    "EVENT_BUS_NAME": "bus", "ORDER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/queue",
    "SF_WEBHOOK_SECRET_PARAMETER": "/webhook", "SF_ACCESS_TOKEN_PARAMETER": "/token",
    "SF_REFRESH_FUNCTION": "refresh", "SF_LOGIN_URL": "https://login.salesforce.com", "SF_CLIENT_ID": "client",
    "SF_USERNAME": "user", "SF_PRIVATE_KEY_PARAMETER": "/key", "SF_PROVISIONABLE_STATUSES": "*",
    "WHMCS_API_URL": "https://whmcs.example/includes/api.php", "WHMCS_CREDENTIALS_PARAMETER": "/whmcs",
    "WHMCS_PAYMENT_METHOD": "mailin", "WHMCS_MARKER_FIELD": "Order", "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:1:a",
]
