import AWS
import HTTP
import JSON

/// A queue of the testbed's AWS.
struct WatchQueue: Sendable {
    var name: String
    var url: String

    struct Depth: Sendable, Equatable {
        var waiting: Int
        /// Received and not deleted: at work, or failed and hidden until a retry.
        var hidden: Int
    }

    /// Every queue that exists.
    static func all(_ account: AWS.Account) throws(AWSFailure) -> [WatchQueue] {
        let answer = try service(account).call("ListQueues", [:])
        return (answer["QueueUrls"]?.array ?? []).compactMap(\.string).map { url in
            WatchQueue(name: url.split(separator: "/").last.map(String.init) ?? url, url: url)
        }
    }

    /// The depths of the queues in their order; nil where AWS does not answer.
    static func depths(of queues: [WatchQueue], _ account: AWS.Account) -> [Depth?] {
        let names: JSON = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        let requests: [JSON] = queues.map { ["QueueUrl": .string($0.url), "AttributeNames": names] }
        return service(account).callAll("GetQueueAttributes", requests).map { result in
            guard let attributes = try? result.get()["Attributes"],
                let waiting = attributes["ApproximateNumberOfMessages"]?.string.flatMap(Int.init),
                let hidden = attributes["ApproximateNumberOfMessagesNotVisible"]?.string.flatMap(Int.init)
            else { return nil }
            return Depth(waiting: waiting, hidden: hidden)
        }
    }

    private static func service(_ account: AWS.Account) -> AWSService {
        AWSService(
            name: "sqs", identifier: "SQS", target: "AmazonSQS", version: "1.0", account: account, http: .live())
    }
}
