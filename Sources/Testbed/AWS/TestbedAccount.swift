import JSON

/// The AWS account of the testbed: moto's default one.
enum TestbedAccount {
    static let id = "123456789012"
    static let region = "eu-west-1"
    static let accessKeyId = "local"
    static let secretAccessKey = "local"
    static let sessionToken = "local"

    /// The variables that an AWS client reads.
    static func environment(endpoint: String, lambda: String) -> [String: String] {
        [
            "AWS_ACCESS_KEY_ID": accessKeyId, "AWS_SECRET_ACCESS_KEY": secretAccessKey,
            "AWS_SESSION_TOKEN": sessionToken, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_LAMBDA": lambda,
        ]
    }

    /// An event of a bus with its `account`, which moto leaves out. Any other text stays as it is.
    static func completed(_ body: String) -> String {
        guard var members = JSON(Array(body.utf8))?.object, members["detail-type"] != nil, members["account"] == nil
        else { return body }
        members["account"] = .string(id)
        return String(decoding: JSON.object(members).bytes, as: UTF8.self)
    }
}
