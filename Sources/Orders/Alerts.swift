import AWS
import HTTP
import JSON
import Lambda
import Salesforce

/// Calls for a person: to an SNS topic, to a webhook, and always to the log. A call that does not get through is
/// logged, and stops nothing.
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

    /// - Parameter order: its id is the only thing said of it; an alert travels far.
    func raise(_ message: String, _ order: RecordID? = nil, _ failure: ProvisioningFailure? = nil) {
        var alert: [String: JSON] = ["message": .string(message)]
        alert["orderId"] = order.map { .string($0.text) }
        alert["errorCode"] = failure.map { .string($0.code.rawValue) }
        alert["errorMessage"] = failure.map { .string($0.message) }
        log.error("alert", ["alert": .object(alert)])
        let body = JSON.object(alert).bytes
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
            case .success(let response): log.error("an alert did not get through: HTTP \(response.status)")
            case .failure(let failure): log.error("an alert did not get through: \(failure)")
            }
        }
    }
}
