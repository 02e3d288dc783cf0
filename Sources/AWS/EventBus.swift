import Basics
import HTTP
import JSON

/// An EventBridge event bus.
public struct EventBus {
    private let service: AWSService
    private let name: String

    public init(_ name: String, _ account: Account, _ http: HTTPClient) {
        self.name = name
        service = AWSService(
            name: "events", identifier: "EVENTBRIDGE", target: "AWSEvents", version: "1.1", account: account, http: http
        )
    }

    /// The request that opens a connection.
    public var preconnect: Request { service.preconnect }

    /// Publishes events of one type, ten a call and all calls concurrently. The service answers 200 even when it refuses
    /// some events; then the whole call counts as failed.
    ///
    /// - Parameter traceHeader: of X-Ray, which EventBridge hands on to the targets, and to SQS as the message's
    ///   `AWSTraceHeader` ("Amazon EventBridge integration with AWS X-Ray"). It must be valid.
    /// - Returns: the number of published events, and why the others failed.
    public func put(
        source: String, detailType: String, details: [JSON], traceHeader: String? = nil
    ) -> (taken: Int, failure: AWSFailure?) {
        let entries = details.map { detail -> JSON in
            var entry: [String: JSON] = [
                "EventBusName": .string(name), "Source": .string(source), "DetailType": .string(detailType),
                "Detail": .string(String(decoding: detail.bytes, as: UTF8.self)),
            ]
            entry["TraceHeader"] = traceHeader.map(JSON.string)
            return .object(entry)
        }
        let calls = entries.chunks(of: 10)
        let results = service.callAll("PutEvents", calls.map { ["Entries": .array($0)] })
        var (taken, failure): (Int, AWSFailure?) = (0, nil)
        for (call, result) in zip(calls, results) {
            do throws(AWSFailure) {
                try check(try result.get(), call.count)
                taken += call.count
            } catch { failure = failure ?? error }
        }
        return (taken, failure)
    }

    private func check(_ answer: JSON, _ count: Int) throws(AWSFailure) {
        let results = answer["Entries"]?.array ?? []
        let refused = results.first { $0["EventId"]?.string == nil }
        guard results.count == count, refused == nil else {
            throw .refused(
                action: "events PutEvents", code: refused?["ErrorCode"]?.string ?? "NoEventId",
                message: refused?["ErrorMessage"]?.string ?? "", details: .null)
        }
    }

    /// The request whether the bus exists; `describe` reads its response.
    public func describeRequest() -> Request {
        service.request("DescribeEventBus", ["Name": .string(name)])
    }

    public func describe(_ result: Result<Response, HTTPFailure>) throws(AWSFailure) {
        _ = try service.answer("DescribeEventBus", result)
    }
}
