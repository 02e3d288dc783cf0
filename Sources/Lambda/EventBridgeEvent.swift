/// The envelope of everything EventBridge delivers ("Events in Amazon EventBridge").
public struct EventBridgeEvent<Detail: Decodable>: Decodable {
    public var id: String
    public var source: String
    public var detailType: String
    /// When it happened, RFC 3339; a replay keeps it.
    public var time: String?
    public var detail: Detail

    private enum CodingKeys: String, CodingKey {
        case id, source, time, detail
        case detailType = "detail-type"
    }
}
