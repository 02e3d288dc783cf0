import AWS
import HTTP

/// An SQS queue. Use it on one thread only, like its HTTP client.
struct SQSQueue {
    struct Message {
        var body: [UInt8]
        var receipt: String
    }

    private let service: AWSService
    private let url: String

    init(_ url: String, _ account: AWS.Account, _ http: HTTPClient) {
        self.url = url
        service = AWSService(
            name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: account, http: http)
    }

    /// Returns up to ten messages. Waits up to so many seconds for the first.
    func receive(waiting seconds: Int) throws(AWSFailure) -> [Message] {
        let answer = try service.call(
            "ReceiveMessage",
            [
                "QueueUrl": .string(url), "MaxNumberOfMessages": 10, "WaitTimeSeconds": .number(seconds),
            ])
        return (answer["Messages"]?.array ?? []).compactMap { message in
            guard let body = message["Body"]?.stringOrNumber, let receipt = message["ReceiptHandle"]?.stringOrNumber
            else { return nil }
            return Message(body: Array(body.utf8), receipt: receipt)
        }
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
