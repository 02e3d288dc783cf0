import AWS

extension Account {
    /// AWS's own endpoints.
    static let cloud = Account([
        "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
    ])

    /// All services at one address.
    static func at(
        _ url: String, key: String = "AKIDEXAMPLE", secret: String = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        token: String? = nil
    ) -> Account {
        var values = [
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_ENDPOINT_URL": url,
        ]
        values["AWS_SESSION_TOKEN"] = token
        return Account(values)
    }
}
