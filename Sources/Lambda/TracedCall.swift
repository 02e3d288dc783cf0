import HTTP

/// An outside call as traces name it: by the service, and never with an id, which X-Ray would count as another service.
struct TracedCall: Equatable {
    /// AWS's names are those of its SDKs, which X-Ray's map knows: Parameter Store is SSM.
    var name: String
    var operation: String?
    var isAWS: Bool

    private static let services = [
        "dynamodb": "DynamoDB", "events": "EventBridge", "lambda": "Lambda", "sns": "SNS", "sqs": "SQS", "ssm": "SSM",
    ]
    private static let resources = ["query", "sobjects", "composite", "token"]

    /// Nil for a request whose only purpose is the connection.
    init?(_ request: Request) {
        guard request.method != "HEAD" else { return nil }
        if let service = request.signature?.service {
            let target = request.headers.first { $0.name == "X-Amz-Target" }?.value.split(separator: ".").last
            let others = ["lambda": "Invoke", "sns": "Publish"]
            self.init(
                name: Self.services[service] ?? service, operation: target.map(String.init) ?? others[service],
                isAWS: true)
        } else if let action = Self.whmcsAction(request.body) {
            self.init(name: "WHMCS \(action)", isAWS: false)
        } else if let parts = Self.salesforcePath(request.url) {
            let resource = parts.first { Self.resources.contains(String($0)) }
            self.init(name: "Salesforce" + (resource.map { " \($0)" } ?? ""), isAWS: false)
        } else {
            self.init(name: "Alert webhook", isAWS: false)
        }
    }

    private init(name: String, operation: String? = nil, isAWS: Bool) {
        self.name = name
        self.operation = operation
        self.isAWS = isAWS
    }

    /// What follows `/services/`. Slack's webhooks have that, too.
    private static func salesforcePath(_ url: String) -> [Substring]? {
        guard let path = url.firstRange(of: "/services/") else { return nil }
        let parts = url[path.upperBound...].split { $0 == "/" || $0 == "?" }
        return ["data", "oauth2"].contains(parts.first) ? parts : nil
    }

    /// The action stands first in the form, before the credentials.
    private static func whmcsAction(_ body: [UInt8]) -> String? {
        let prefix = Array("action=".utf8)
        guard body.starts(with: prefix) else { return nil }
        return String(
            decoding: body.dropFirst(prefix.count).prefix { $0 != UInt8(ascii: "&") }.prefix(64), as: UTF8.self)
    }
}
