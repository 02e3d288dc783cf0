import AWS
import HTTP
import JSON

/// An SQS queue. Use it on one thread only, like its HTTP client.
struct SQSQueue {
    struct Message: Sendable {
        var id: String
        var body: String
        var receipt: String
        /// `ApproximateReceiveCount`, `SentTimestamp` and others of SQS's own.
        var attributes: [String: JSON]
        var md5OfBody: String
    }

    private let service: AWSService
    private let url: String

    init(_ url: String, _ account: AWS.Account, _ http: HTTPClient) {
        self.url = url
        service = AWSService(
            name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: account, http: http)
    }

    /// Returns up to so many messages, at most ten. Waits up to so many seconds for the first.
    func receive(_ count: Int = 10, waiting seconds: Int) throws(AWSFailure) -> [Message] {
        let answer = try service.call(
            "ReceiveMessage",
            [
                "QueueUrl": .string(url), "MaxNumberOfMessages": .number(min(count, 10)),
                "WaitTimeSeconds": .number(seconds), "AttributeNames": ["All"],
            ])
        return (answer["Messages"]?.array ?? []).compactMap { message in
            guard let id = message["MessageId"]?.string, let body = message["Body"]?.string,
                let receipt = message["ReceiptHandle"]?.string
            else { return nil }
            return Message(
                id: id, body: body, receipt: receipt, attributes: message["Attributes"]?.object ?? [:],
                md5OfBody: message["MD5OfBody"]?.string ?? "")
        }
    }

    /// Makes a received message visible after so many seconds from now, instead of after the visibility timeout.
    func show(_ message: Message, in seconds: Int) throws(AWSFailure) {
        _ = try service.call(
            "ChangeMessageVisibility",
            [
                "QueueUrl": .string(url), "ReceiptHandle": .string(message.receipt),
                "VisibilityTimeout": .number(seconds),
            ])
    }

    /// The number of messages, received ones included.
    func count() throws(AWSFailure) -> Int {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        let answer = try service.call(
            "GetQueueAttributes", ["QueueUrl": .string(url), "AttributeNames": .array(names.map(JSON.string))])
        return names.compactMap { answer["Attributes"]?[$0]?.string.flatMap(Int.init) }.reduce(0, +)
    }

    func delete(_ message: Message) throws(AWSFailure) {
        _ = try service.call(
            "DeleteMessage", ["QueueUrl": .string(url), "ReceiptHandle": .string(message.receipt)])
    }

    func send(_ body: [UInt8]) throws(AWSFailure) {
        _ = try service.call(
            "SendMessage", ["QueueUrl": .string(url), "MessageBody": .string(String(decoding: body, as: UTF8.self))])
    }
}
