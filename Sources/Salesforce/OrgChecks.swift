import HTTP
import JSON

/// The org's calls to its API in the last 24 hours.
public struct APIUsage: Sendable, Equatable {
    public var used: Int
    public var limit: Int

    /// Reads the header `Sforce-Limit-Info`: `api-usage=25/15000`, perhaps with the usage of single apps behind it.
    init?(header: String) {
        let usage = header.split(separator: ";").first { $0.hasPrefix("api-usage=") }
        let numbers = (usage ?? "").dropFirst("api-usage=".count).split(separator: "/").map { Int($0) }
        guard numbers.count == 2, let used = numbers[0], let limit = numbers[1], limit > 0 else { return nil }
        (self.used, self.limit) = (used, limit)
    }
}

extension SalesforceClient {
    /// Reads what belongs to no record. Nil when the answer does not say how much of the org's limit is used.
    public func apiUsage() throws(SalesforceFailure) -> APIUsage? {
        try send("GET", "/", nil, "reading its resources").header("Sforce-Limit-Info").flatMap(APIUsage.init)
    }

    /// The newest order, of one price book or of any; nil when the user sees none.
    public func newestOrder(of pricebook: RecordID?) throws(SalesforceFailure) -> RecordID? {
        let filter = pricebook.map { " WHERE Pricebook2Id = \(SOQL.literal($0.text))" } ?? ""
        let doing = "looking for an order"
        let rows = try query("SELECT Id FROM Order\(filter) ORDER BY CreatedDate DESC LIMIT 1", doing: doing)
        guard let row = rows.first else { return nil }
        guard let order = SalesforceRecord(row) else { throw .unreadable(doing: doing) }
        return order.id
    }

    /// The active entries of active products, of one price book or of all.
    ///
    /// - Parameter paths: fields to read, as seen from the entry; see `SOQL.isFieldPath`.
    public func catalogue(
        of pricebook: RecordID?, selecting paths: [String]
    ) throws(SalesforceFailure) -> [SalesforceRecord] {
        let filter = pricebook.map { " AND Pricebook2Id = \(SOQL.literal($0.text))" } ?? ""
        let doing = "reading the price book"
        let rows = try query(
            "SELECT \(SOQL.list(["Id"] + paths)) FROM PricebookEntry"
                + " WHERE IsActive = true AND Product2.IsActive = true\(filter) ORDER BY Id",
            doing: doing)
        let entries = rows.compactMap(SalesforceRecord.init)
        guard entries.count == rows.count else { throw .unreadable(doing: doing) }
        return entries
    }
}
