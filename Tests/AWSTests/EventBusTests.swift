import AWS
import JSON
import TestSupport
import Testing

@Suite struct EventBusTests {
    private func put(_ http: FakeHTTPClient, _ details: [JSON] = [["orderId": "801", "n": 1]]) -> (
        taken: Int, failure: AWSFailure?
    ) {
        EventBus("orders", .cloud, http.client)
            .put(source: "salesforce.orders", detailType: "OrderProvisionRequested", details: details)
    }

    @Test("PutEvents has the documented form") func request() throws {
        let http = FakeHTTPClient([.answer(200, #"{"FailedEntryCount":0,"Entries":[{"EventId":"e"}]}"#)])
        let (taken, failure) = put(http)
        #expect(taken == 1 && failure == nil)
        let request = try #require(http.requests.first)
        #expect(request.header("X-Amz-Target") == "AWSEvents.PutEvents")
        #expect(request.header("Content-Type") == "application/x-amz-json-1.1")
        #expect(request.signature?.service == "events")
        // `Detail` is JSON in a string.
        #expect(
            JSON(request.body) == [
                "Entries": [
                    [
                        "EventBusName": "orders", "Source": "salesforce.orders",
                        "DetailType": "OrderProvisionRequested", "Detail": #"{"n":1,"orderId":"801"}"#,
                    ]
                ]
            ])
    }

    @Test("Each entry carries the trace header") func traceHeader() throws {
        let http = FakeHTTPClient([.answer(200, #"{"Entries":[{"EventId":"e"},{"EventId":"f"}]}"#)])
        _ = EventBus("orders", .cloud, http.client)
            .put(source: "s", detailType: "t", details: [[:], [:]], traceHeader: "Root=1-5;Sampled=1")
        let entries = try #require(http.requests.first.flatMap { JSON($0.body)?["Entries"]?.array })
        #expect(entries.map { $0["TraceHeader"] } == ["Root=1-5;Sampled=1", "Root=1-5;Sampled=1"])
    }

    /// The service answers 200 to a refused event.
    @Test(
        "A refused entry fails its call",
        arguments: [
            (
                #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"why"}]}"#,
                "InternalFailure", "why"
            ),
            (#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}"#, "ThrottlingException", ""),
            (#"{"Entries":[]}"#, "NoEventId", ""), ("{}", "NoEventId", ""), ("", "NoEventId", ""),
            (#"{"Entries":[{"EventId":null}]}"#, "NoEventId", ""),
        ])
    func refusedEntry(_ answer: String, _ code: String, _ message: String) {
        let expected = AWSFailure.refused(action: "events PutEvents", code: code, message: message, details: .null)
        let (taken, failure) = put(FakeHTTPClient([.answer(200, answer)]))
        #expect(taken == 0 && failure == expected)
    }

    @Test("Ten events go in a call, all calls concurrently") func chunks() {
        let entries = { (count: Int) in
            "{\"Entries\":[\(Array(repeating: #"{"EventId":"e"}"#, count: count).joined(separator: ","))]}"
        }
        let http = FakeHTTPClient([
            .answer(200, entries(10)), .failed(.timedOut, received: true), .answer(200, entries(3)),
        ])
        let (taken, failure) = put(http, (0..<23).map { ["n": .number($0)] })
        #expect(http.batches == [3])
        #expect(http.requests.map { JSON($0.body)?["Entries"]?.array?.count } == [10, 10, 3])
        #expect(taken == 13)
        #expect(failure?.code == nil && failure != nil)
        #expect(put(http, []).taken == 0 && http.requests.count == 3, "nothing to put, nothing to ask")
    }

    @Test("DescribeEventBus fails when the bus does not exist") func describe() throws {
        let http = FakeHTTPClient([.answer(200, #"{"Name":"orders"}"#)])
        let bus = EventBus("orders", .cloud, http.client)
        let request = bus.describeRequest()
        #expect(request.header("X-Amz-Target") == "AWSEvents.DescribeEventBus")
        #expect(request.text == #"{"Name":"orders"}"#)
        try bus.describe(http.client.sendAll([request])[0])
        #expect {
            try bus.describe(.answer(400, #"{"__type":"ResourceNotFoundException"}"#))
        } throws: {
            ($0 as? AWSFailure)?.code == "ResourceNotFoundException"
        }
    }
}
