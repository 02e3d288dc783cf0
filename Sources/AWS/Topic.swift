import HTTP

/// An SNS topic. The service takes forms and answers in XML ("Publish" in its API reference).
public struct Topic {
    private let arn: String
    private let endpoint: String
    private let signature: AWSSignature

    public init(_ arn: String, _ account: Account) {
        self.arn = arn
        endpoint = account.endpoint("sns", "SNS")
        signature = account.signature("sns")
    }

    /// - Parameter subject: cut to 100 characters; those beyond ASCII become `?`.
    public func publishRequest(subject: String, message: String) -> Request {
        let plain = String(subject.unicodeScalars.map { (0x20..<0x7f).contains($0.value) ? Character($0) : "?" })
        let form: [(name: String, value: String)] = [
            ("Action", "Publish"), ("Version", "2010-03-31"), ("TopicArn", arn), ("Subject", String(plain.prefix(100))),
            ("Message", message),
        ]
        return Request(
            "POST", endpoint + "/", headers: [Header("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(formEncoded(form).utf8), timeout: 5_000, isIdempotent: true, isRetryable: isRetryable,
            signature: signature)
    }
}
