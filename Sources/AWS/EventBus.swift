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

    /// The request that opens a connection.
    public var opening: Request { service.opening }

    /// Puts up to ten events of one kind on the bus. The service answers 200 even when it did not take them; that is a
    /// failure here, whichever of them it was.
    public func put(source: String, detailType: String, details: [JSON]) throws(Failure) {
        let entries = details.map { detail -> JSON in
            [
                "EventBusName": .string(name), "Source": .string(source), "DetailType": .string(detailType),
                "Detail": .string(String(decoding: detail.bytes, as: UTF8.self)),
            ]
        }
        let answer = try service.call("PutEvents", ["Entries": .array(entries)])
        let results = answer["Entries"]?.array ?? []
        let refused = results.first { $0["EventId"]?.text == nil }
        guard results.count == details.count, refused == nil else {
            throw .refused(
                action: "events PutEvents", code: refused?["ErrorCode"]?.text ?? "NoEventId",
                message: refused?["ErrorMessage"]?.text ?? "", details: .null)
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
