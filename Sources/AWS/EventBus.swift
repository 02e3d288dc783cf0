import HTTP

/// An EventBridge event bus.
public struct EventBus {
    private let service: Service
    private let name: String

    public init(_ name: String, _ account: Account, _ http: HTTP.Client) {
        self.name = name
        service = Service(
            name: "events", identifier: "EVENTBRIDGE", target: "AWSEvents", version: "1.1", account: account, http: http
        )
    }

    /// Puts one event on the bus. The service answers 200 even when it did not take the event; that is a failure here.
    public func put(source: String, detailType: String, detail: JSON) throws(Failure) {
        let entry: JSON = [
            "EventBusName": .string(name), "Source": .string(source), "DetailType": .string(detailType),
            "Detail": .string(String(decoding: detail.bytes, as: UTF8.self)),
        ]
        let answer = try service.call("PutEvents", ["Entries": [entry]])
        let result = answer["Entries"]?.array?.first
        guard result?["EventId"]?.text != nil else {
            throw .refused(
                action: "events PutEvents", code: result?["ErrorCode"]?.text ?? "NoEventId",
                message: result?["ErrorMessage"]?.text ?? "", details: .null)
        }
    }

    /// A request that tells whether the bus exists; `describe` reads its answer.
    public func describeRequest() -> Request {
        service.request("DescribeEventBus", ["Name": .string(name)])
    }

    public func describe(_ result: Result<Response, HTTP.Failure>) throws(Failure) {
        _ = try service.answer("DescribeEventBus", result)
    }
}
