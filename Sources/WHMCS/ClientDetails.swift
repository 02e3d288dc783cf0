import JSON

/// The part of a client that ordering needs; the personal data of the answer is dropped.
public struct ClientDetails: Sendable, Equatable {
    public var id: Int
    /// `Active`, `Inactive` or `Closed`.
    public var status: String
    /// `EUR`, the key of prices in `Product`.
    public var currencyCode: String

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
        return ClientDetails(id: id, status: status, currencyCode: currency)
    }
}
