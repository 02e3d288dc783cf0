import AWS
import Basics
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
        /// Names the parameter that holds the webhook's secret; nil when its posts are not signed.
        var secretParameter: String?
        var runbookURL: String?
        fileprivate var tokenParameter: String?
        fileprivate var whmcsURL: String?

        init(_ environment: inout Environment) {
            webhook = environment.optionalURL("SECURITY_ALERT_WEBHOOK")
            topicARN = environment.optional("ALERT_TOPIC_ARN")
            secretParameter = environment.optional("ALERT_WEBHOOK_SECRET_PARAMETER")
            runbookURL = environment.optionalURL("RUNBOOK_URL")
            tokenParameter = environment.optional("SF_ACCESS_TOKEN_PARAMETER")
            whmcsURL = environment.optional("WHMCS_API_URL")
        }
    }

    var settings: Settings
    var account: Account
    var http: HTTPClient
    var log: Log
    var parameters: ParameterCache

    /// Alerts travel far, and a vendor's text may hold personal data: an alert says what happened in the suite's own words,
    /// what to do, and where to look. The ledger, Salesforce and the log have the vendor's message.
    func raise(_ alert: Alert, _ order: RecordID? = nil, _ code: ErrorCode? = nil, whmcsOrder: Int? = nil) {
        let links = links(alert, order, whmcsOrder: alert.whmcsOrderID ?? whmcsOrder)
        let text = AlertText(alert: alert, order: order, code: code, links: links)
        log.error("alert", ["alert": .object(text.fields)])
        var requests: [Request] = []
        if let webhook = settings.webhook { requests.append(post(text.webhookBody, to: webhook)) }
        if let topic = settings.topicARN {
            requests.append(
                Topic(topic, account).publishRequest(
                    subject: "Orders: \(text.message)", message: String(decoding: text.notification, as: UTF8.self)))
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

    private func post(_ body: [UInt8], to url: String) -> Request {
        Request(
            "POST", url, headers: [Header("Content-Type", "application/json")] + signature(of: body), body: body,
            timeout: 5_000, isIdempotent: true)
    }

    /// An alert that cannot be signed is still one: its receiver decides what it takes.
    private func signature(of body: [UInt8]) -> [Header] {
        guard let name = settings.secretParameter else { return [] }
        do {
            let limit = http.now() + 3_000
            let store = ParameterStore(account, http.until(http.deadline.map { min($0, limit) } ?? limit))
            let value = try parameters.get([name], from: store, now: http.now())[name]
            guard let secret = value?.trimmed, !secret.isEmpty else {
                throw FunctionError("Configuration", "ALERT_WEBHOOK_SECRET_PARAMETER names no parameter with a secret")
            }
            return try AlertSignature(secret: String(secret)).headers(of: body, at: http.now())
        } catch {
            log.error("alert not signed", ["error": .string("\(error)")])
            return []
        }
    }

    private func links(_ alert: Alert, _ order: RecordID?, whmcsOrder: Int?) -> [AlertText.Link] {
        var links: [AlertText.Link] = []
        if let order, let salesforce = instanceURL {
            links.append(.init(name: "Salesforce order", target: "\(salesforce)/\(order)"))
        }
        if let whmcsOrder, let admin = settings.whmcsURL.flatMap(whmcsAdminURL) {
            links.append(.init(name: "WHMCS order", target: "\(admin)/orders.php?action=view&id=\(whmcsOrder)"))
        }
        let heading = "Alerts, \(alert.kind.rawValue)"
        links.append(
            .init(name: "Runbook", target: settings.runbookURL.map { "\($0)#\(alert.kind.anchor)" } ?? heading))
        return links
    }

    /// As the last token has it: no alert is worth another call.
    private var instanceURL: String? {
        guard let value = settings.tokenParameter.flatMap(parameters.kept) else { return nil }
        return (try? Token(parameterValue: value))?.instanceURL
    }
}

/// Where the staff works: beside the API's `includes/api.php`. Nil for an API elsewhere.
private func whmcsAdminURL(_ apiURL: String) -> String? {
    let api = "/includes/api.php"
    return apiURL.hasSuffix(api) ? apiURL.dropLast(api.count) + "/admin" : nil
}

extension Environment {
    fileprivate mutating func optionalURL(_ name: String) -> String? { optional(name) == nil ? nil : url(name) }
}
