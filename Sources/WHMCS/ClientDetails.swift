import JSON

/// The part of a client that ordering needs; the personal data of the answer is dropped.
public struct ClientDetails: Sendable, Equatable {
    public var id: Int
    /// `Active`, `Inactive` or `Closed`.
    public var status: String
    /// `EUR`, the key of prices in `Product`.
    public var currencyCode: String
    /// The system name of the client's own gateway; nil when the client has none.
    public var defaultGateway: String?
    /// Custom field id → value; nil when the list cannot be read.
    public var customFields: [Int: String]?

    public init(
        id: Int, status: String, currencyCode: String, defaultGateway: String? = nil,
        customFields: [Int: String]? = [:]
    ) {
        self.id = id
        self.status = status
        self.currencyCode = currencyCode
        self.defaultGateway = defaultGateway
        self.customFields = customFields
    }

    public var isClosed: Bool { status.lowercased() == "closed" }
}

extension WHMCSClient {
    /// Nil when WHMCS knows no such client.
    public func clientDetails(_ id: Int) throws(WHMCSFailure) -> ClientDetails? {
        let action = "GetClientsDetails"
        let answer: JSON
        do {
            answer = try call(action, [("clientid", String(id)), ("stats", "0")], .read)
        } catch .clientNotFound {
            return nil
        }
        // The copy beside `client` is deprecated.
        guard let client = answer["client"], let status = client["status"]?.stringOrNumber,
            let currency = client["currency_code"]?.stringOrNumber
        else { throw .unreadable(action: action, "no client with status and currency", mayHaveHappened: false) }
        guard client["id"]?.id == id else { throw .foreignRows(action: action) }
        let gateway = client["defaultgateway"]?.stringOrNumber
        return ClientDetails(
            id: id, status: status, currencyCode: currency, defaultGateway: gateway == "" ? nil : gateway,
            customFields: client["customfields"] == nil ? [:] : client.customFields())
    }
}
