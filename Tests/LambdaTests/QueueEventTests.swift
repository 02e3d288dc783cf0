import JSON
import Lambda
import Testing

@Suite struct QueueEventTests {
    static let event: JSON = [
        "Records": [
            [
                "messageId": "m-1", "receiptHandle": "r-1", "body": "{\"id\":\"e\"}",
                "attributes": [
                    "ApproximateReceiveCount": "3", "SentTimestamp": "1795169730000",
                    "AWSTraceHeader": "Root=1-58406520-a006649127e371903a2de979;Parent=defdfd9912dc5a56;Sampled=1",
                ],
                "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
            ],
            ["messageId": "m-2", "body": ""],
        ]
    ]

    @Test("Messages are read in the order of the event") func messages() throws {
        let event = try #require(try QueueEvent(Self.event.bytes))
        #expect(event.messages.map(\.id) == ["m-1", "m-2"])
        #expect(event.messages.map(\.receiveCount) == [3, 1])
        #expect(event.messages.map(\.trace?.root) == ["1-58406520-a006649127e371903a2de979", nil])
        #expect(event.messages.map(\.sentAt?.milliseconds) == [1_795_169_730_000, nil])
        #expect(event.messages.map(\.body) == [Array(#"{"id":"e"}"#.utf8), []])
    }

    @Test("Any other event is none of a queue", arguments: ["{}", #"{"detail-type":"x"}"#, "[]", "null", "", "{"])
    func otherEvents(_ payload: String) throws {
        #expect(try QueueEvent(Array(payload.utf8)) == nil)
    }

    @Test(
        "A malformed event is refused with the member's name",
        arguments: [
            (#"{"Records":{}}"#, "Records has the wrong type"), (#"{"Records":null}"#, "Records is null"),
            (#"{"Records":[7]}"#, "Records[0] has the wrong type"),
            (#"{"Records":[{"body":""}]}"#, "Records[0].messageId is missing"),
            (#"{"Records":[{"messageId":"m","body":""},{"messageId":"m"}]}"#, "Records[1].body is missing"),
            (#"{"Records":[{"messageId":"m","body":{}}]}"#, "Records[0].body has the wrong type"),
            (
                #"{"Records":[{"messageId":"m","body":"","attributes":{"ApproximateReceiveCount":"many"}}]}"#,
                "Records[0].attributes.ApproximateReceiveCount has the wrong type"
            ),
        ])
    func faults(_ payload: String, _ fault: String) {
        #expect(throws: FunctionError("MalformedEvent", "the event is not an SQS event: \(fault)")) {
            _ = try QueueEvent(Array(payload.utf8))
        }
    }

    @Test("The answer names the messages that failed") func answer() throws {
        let messages = try #require(try QueueEvent(Self.event.bytes)).messages
        #expect(JSON(QueueEvent.answer(failed: [])) == ["batchItemFailures": []])
        #expect(
            JSON(QueueEvent.answer(failed: [messages[1]])) == ["batchItemFailures": [["itemIdentifier": "m-2"]]])
    }
}
