import HTTP

/// The region, credentials and endpoints that Lambda gives its functions.
public struct Account: Sendable {
    private let values: [String: String]

    /// - Parameter values: of the process's environment: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    ///   `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`.
    public init(_ values: [String: String]) {
        self.values = values
    }

    private var region: String { values["AWS_REGION"] ?? "" }

    /// The names of required variables that are not set.
    public var missing: [String] {
        ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].filter { values[$0, default: ""].isEmpty }
    }

    /// The names of endpoint overrides that are not AWS's: they would get the credentials' signatures and all data. Loopback
    /// is exempt.
    public var foreignEndpoints: [String] {
        (["AWS_ENDPOINT_URL"] + Account.services.map { "AWS_ENDPOINT_URL_\($0)" }).filter { name in
            guard let url = values[name], !url.isEmpty else { return false }
            guard let origin = try? Origin(url), origin.isAllowed() else { return true }
            return !origin.isLoopback && !origin.isIn(Account.domains)
        }
    }

    private static let services = ["DYNAMODB", "EVENTBRIDGE", "LAMBDA", "SNS", "SQS", "SSM"]
    /// Of the partitions, with dual-stack and VPC endpoints ("AWS service endpoints").
    private static let domains = ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws"]

    /// The service's own override, the common one, or AWS's endpoint ("Service-specific endpoints" of the SDK guide).
    ///
    /// - Parameter identifier: the service in the variable's name, `EVENTBRIDGE`.
    func endpoint(_ host: String, _ identifier: String) -> String {
        let overrides = ["AWS_ENDPOINT_URL_\(identifier)", "AWS_ENDPOINT_URL"].map { values[$0] ?? "" }
        if let override = overrides.first(where: { !$0.isEmpty }) {
            return override.hasSuffix("/") ? String(override.dropLast()) : override
        }
        return "https://\(host).\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
    }

    func signature(_ service: String) -> AWSSignature {
        AWSSignature(
            region: region, service: service, accessKeyId: values["AWS_ACCESS_KEY_ID"] ?? "",
            secretAccessKey: values["AWS_SECRET_ACCESS_KEY"] ?? "", sessionToken: values["AWS_SESSION_TOKEN"])
    }
}
