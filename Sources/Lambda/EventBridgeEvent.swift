import JSON

/// The envelope of the events that EventBridge delivers ("Events in Amazon EventBridge").
public struct EventBridgeEvent: Sendable {
    public var id: String
    public var detailType: String
    /// When it happened, in RFC 3339; a replay keeps it.
    public var time: String?
    public var detail: JSON

    public init(_ payload: [UInt8]) throws(FunctionError) {
        let event = try EventObject(payload, as: "an EventBridge event")
        id = try event.value("id", \.string)
        detailType = try event.value("detail-type", \.string)
        time = try event.optional("time", \.string)
        detail = try event.value("detail") { $0 }
    }
}
