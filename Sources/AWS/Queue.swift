import HTTP
import JSON

/// An SQS queue.
public struct Queue {
    private let url: String
    private let service: AWSService

    public init(_ url: String, _ account: Account, _ http: HTTPClient) {
        self.url = url
        service = AWSService(
            name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: account, http: http)
    }

    /// The request that opens a connection.
    public var preconnect: Request { service.preconnect }

    /// How many messages wait to be received. SQS counts them approximately.
    public func waitingMessages() throws(AWSFailure) -> Int {
        let attribute = "ApproximateNumberOfMessages"
        let answer = try service.call(
            "GetQueueAttributes", ["QueueUrl": .string(url), "AttributeNames": [.string(attribute)]])
        guard let count = answer["Attributes"]?[attribute]?.integer else {
            throw .unreadable(action: "sqs GetQueueAttributes")
        }
        return count
    }
}
