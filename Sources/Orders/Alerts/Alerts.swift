import AWS
import HTTP
import JSON
import Lambda
import Salesforce

/// Alerts for a person: to an SNS topic, to a webhook, and always to the log. One that cannot be delivered is logged and
/// stops nothing.
struct Alerts {
    struct Settings: Sendable {
        var webhook: String?
        var topicARN: String?

        init(_ environment: inout Environment) {
            let name = "SECURITY_ALERT_WEBHOOK"
            webhook = environment.optional(name) == nil ? nil : environment.url(name)
            topicARN = environment.optional("ALERT_TOPIC_ARN")
        }
    }

    var settings: Settings
    var account: Account
    var http: HTTPClient
    var log: Log

    /// Alerts travel far, and a vendor's text may hold personal data: an alert says what happened in the suite's own words,
    /// and no more. The ledger, Salesforce and the log have the vendor's message.
    ///
    /// - Parameter what: what happened, "Order not provisioned".
    func raise(_ what: String, _ order: RecordID? = nil, _ code: ErrorCode? = nil) {
        let message = order.map { "\(what): \($0)" } ?? what
        var alert: [String: JSON] = ["message": .string(message)]
        alert["orderId"] = order.map { .string($0.text) }
        alert["errorCode"] = code.map { .string($0.rawValue) }
        log.error("alert", ["alert": .object(alert)])
        deliver(message, JSON.object(alert).bytes)
    }

    private func deliver(_ message: String, _ body: [UInt8]) {
        var requests: [Request] = []
        if let webhook = settings.webhook {
            requests.append(
                Request(
                    "POST", webhook, headers: [Header("Content-Type", "application/json")], body: body, timeout: 5_000,
                    isIdempotent: true))
        }
        if let topic = settings.topicARN {
            requests.append(
                Topic(topic, account).publishRequest(
                    subject: "Orders: \(message)", message: String(decoding: body, as: UTF8.self)))
        }
        for result in http.sendAll(requests) {
            switch result {
            case .success(let response) where (200..<300).contains(response.status): break
            case .success(let response): logUndelivered("HTTP \(response.status)")
            case .failure(let failure): logUndelivered("\(failure)")
            }
        }
    }

    private func logUndelivered(_ error: String) {
        log.error("alert not delivered", ["error": .string(error)])
    }
}
