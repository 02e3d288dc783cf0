import HTTP
import JSON

/// Systems Manager Parameter Store.
public struct ParameterStore {
    private let service: AWSService

    public init(_ account: Account, _ http: HTTPClient) {
        service = AWSService(
            name: "ssm", identifier: "SSM", target: "AmazonSSM", version: "1.1", account: account, http: http)
    }

    /// The request that opens a connection.
    public var preconnect: Request { service.preconnect }

    /// Whether it is an emulator on this machine, such as the testbed's.
    public var isOnLoopback: Bool { service.isOnLoopback }

    /// The decrypted values of up to ten parameters, in one call. A parameter that does not exist is left out; it is no
    /// failure.
    public func get(_ names: [String]) throws(AWSFailure) -> [String: String] {
        try values(service.call("GetParameters", getBody(names)))
    }

    /// The request of `get`, to send it along with others.
    public func getRequest(_ names: [String]) -> Request {
        service.request("GetParameters", getBody(names))
    }

    public func get(_ result: Result<Response, HTTPFailure>) throws(AWSFailure) -> [String: String] {
        try values(service.answer("GetParameters", result))
    }

    /// Writes a SecureString, over any earlier value.
    ///
    /// - Parameters:
    ///   - key: the ARN of the KMS key; nil for the account's own key for Parameter Store.
    ///   - policies: the whole set ("Assigning parameter policies"), since a write without policies keeps the old ones.
    ///     They need the advanced tier.
    public func put(_ name: String, _ value: String, key: String? = nil, policies: [JSON]) throws(AWSFailure) {
        var body: [String: JSON] = [
            "Name": .string(name), "Value": .string(value), "Type": "SecureString", "Overwrite": true,
            "Tier": "Advanced", "Policies": .string(String(decoding: JSON.array(policies).bytes, as: UTF8.self)),
        ]
        body["KeyId"] = key.map(JSON.string)
        _ = try service.call("PutParameter", .object(body))
    }

    private func getBody(_ names: [String]) -> JSON {
        ["Names": .array(names.map(JSON.string)), "WithDecryption": true]
    }

    private func values(_ answer: JSON) throws(AWSFailure) -> [String: String] {
        guard let parameters = answer["Parameters"]?.array else { throw .unreadable(action: "ssm GetParameters") }
        return Dictionary(
            parameters.compactMap { parameter in
                guard let name = parameter["Name"]?.string, let value = parameter["Value"]?.string else { return nil }
                return (name, value)
            }, uniquingKeysWith: { $1 })
    }
}
