import JSON

/// The envelope of the events that EventBridge delivers ("Events in Amazon EventBridge").
public struct EventBridgeEvent: Sendable {
    public var id: String
    public var detailType: String
    /// When it happened, in RFC 3339; a replay keeps it.
    public var time: String?
    public var detail: JSON
    /// Whether a replay of an archive delivers it. EventBridge alone can say so: no caller of PutEvents can
    /// ("Replaying archived events").
    public var isReplayed: Bool

    public init(_ payload: [UInt8]) throws(FunctionError) {
        let event = try EventObject(payload, as: "an EventBridge event")
        id = try event.value("id", \.string)
        detailType = try event.value("detail-type", \.string)
        time = try event.optional("time", \.string)
        detail = try event.value("detail") { $0 }
        isReplayed = try event.optional("replay-name", \.string) != nil
    }
}
