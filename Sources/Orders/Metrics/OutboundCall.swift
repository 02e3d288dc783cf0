import Basics
import HTTP
import JSON
import Lambda

extension HTTPClient {
    /// The same client, which measures every call to Salesforce and WHMCS, retries included.
    func measured(by metrics: Metrics) -> HTTPClient {
        var client = self
        let (send, now) = (transport, now)
        client.transport = { requests in
            let sentAt = now()
            let results = send(requests)
            let time = max(0, now() - sentAt)
            for (request, result) in zip(requests, results) {
                OutboundCall(request)?.add(result, after: Double(time), to: metrics)
            }
            return results
        }
        return client
    }
}

/// A call to Salesforce or WHMCS, as the metrics name it: both parts are words of this suite.
struct OutboundCall: Equatable {
    enum Service: String {
        case salesforce = "Salesforce"
        case whmcs = "WHMCS"
    }

    enum Outcome: String {
        case success = "Success"
        /// An answer that says no.
        case refused = "Refused"
        /// No answer, or one that does not come from the service: of a gateway, a firewall, a maintenance page.
        case unavailable = "Unavailable"
    }

    var service: Service
    var action: String

    init(service: Service, action: String) {
        self.service = service
        self.action = action
    }

    /// Nil for any other request.
    init?(_ request: Request) {
        // Only AWS's have one.
        guard request.signature == nil else { return nil }
        let form = "action="
        if request.body.starts(with: form.utf8) {
            let action = request.body.dropFirst(form.utf8.count).prefix { $0 != UInt8(ascii: "&") }
            self.init(service: .whmcs, action: String(decoding: action, as: UTF8.self))
        } else if let action = Self.salesforceAction(request.url) {
            self.init(service: .salesforce, action: action)
        } else {
            return nil
        }
    }

    private static func salesforceAction(_ url: String) -> String? {
        // https: / / host / services / data / v66.0 / query?q=…
        let parts = url.utf8.prefix { $0 != UInt8(ascii: "?") }.split(
            separator: UInt8(ascii: "/"), maxSplits: 7, omittingEmptySubsequences: false)
        guard parts.count > 4, parts[3].elementsEqual("services".utf8) else { return nil }
        if parts[4].elementsEqual("oauth2".utf8) { return "Token" }
        // Slack's webhooks have a path of /services, too.
        guard parts[4].elementsEqual("data".utf8), parts.count > 6 else { return nil }
        switch String(decoding: parts[6], as: UTF8.self) {
        case "query": return "Query"
        case "sobjects": return url.hasSuffix("/describe") ? "Resources" : "UpdateOrder"
        case "composite": return "UpdateOrderAndLines"
        default: return "Resources"
        }
    }

    func add(_ result: Result<Response, HTTPFailure>, after time: Double, to metrics: Metrics) {
        let response = try? result.get()
        metrics.add(
            .callTime, (response?.milliseconds ?? time).rounded(),
            ["Service": service.rawValue, "Action": action, "Outcome": outcome(response).rawValue])
        if let used = response?.header("Sforce-Limit-Info").flatMap(quotaUsed) {
            metrics.add(.salesforceQuotaUsed, used)
        }
    }

    func outcome(_ response: Response?) -> Outcome {
        guard let response, response.status < 500, response.status != 429 else { return .unavailable }
        switch service {
        case .salesforce:
            guard response.body.first != UInt8(ascii: "<") else { return .unavailable }
            return (200..<300).contains(response.status) ? .success : .refused
        case .whmcs:
            guard response.body.first(where: { !$0.isWhiteSpace }) == UInt8(ascii: "{") else { return .unavailable }
            // A refusal is short, and at any status. Lists are long, and are not read twice.
            let isRefusal = response.body.count < 4_096 && JSON(response.body)?["result"]?.string == "error"
            return isRefusal ? .refused : .success
        }
    }
}

extension UInt8 {
    fileprivate var isWhiteSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
}

/// The used part of the org's API requests of 24 hours, in percent, from `api-usage=18/5000`; other limits may follow after a
/// semicolon ("Limit Info Header"). Nil when it cannot be read.
func quotaUsed(_ header: String) -> Double? {
    let name = "api-usage="
    guard let part = header.split(separator: ";").map(\.trimmed).first(where: { $0.hasPrefix(name) }) else {
        return nil
    }
    let numbers = part.dropFirst(name.count).split(separator: "/").compactMap { Double($0) }
    guard numbers.count == 2, numbers[1] > 0 else { return nil }
    return 100 * numbers[0] / numbers[1]
}
