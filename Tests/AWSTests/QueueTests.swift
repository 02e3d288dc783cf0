import HTTP
import JSON
import TestSupport
import Testing

@testable import AWS

@Suite struct QueueTests {
    private func count(_ http: FakeHTTPClient) throws -> Int {
        try Queue("https://sqs.eu-west-1.amazonaws.com/1/orders", .cloud, http.client).waitingMessages()
    }

    @Test("The number of waiting messages comes from the queue's attributes") func waitingMessages() throws {
        let http = FakeHTTPClient(#"{"Attributes":{"ApproximateNumberOfMessages":"42"}}"#)
        #expect(try count(http) == 42)
        let request = try #require(http.requests.first)
        #expect(request.url == "https://sqs.eu-west-1.amazonaws.com/")
        #expect(request.header("X-Amz-Target") == "AmazonSQS.GetQueueAttributes")
        #expect(request.header("Content-Type") == "application/x-amz-json-1.0")
        #expect(
            JSON(request.body) == [
                "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/1/orders",
                "AttributeNames": ["ApproximateNumberOfMessages"],
            ])
    }

    @Test("An answer without the number is no 0", arguments: ["{}", #"{"Attributes":{}}"#, "[]"])
    func unreadable(_ body: String) {
        #expect(throws: AWSFailure.unreadable(action: "sqs GetQueueAttributes")) { try count(FakeHTTPClient(body)) }
    }
}
