import Basics
import Lambda
import Salesforce

/// Finds orders in Salesforce that nobody requested here: Salesforce can lose a platform event silently ("Considerations
/// for Publishing and Subscribing to Platform Events").
struct Reconciliation {
    /// The request of a younger order may still be on its way.
    private static let minimumAge: Milliseconds = 900_000

    let settings: Settings
    let salesforce: SalesforceClient
    let ledger: Ledger
    let log: Log

    /// Enters up to 200 orders; later rounds enter the rest.
    func run() throws {
        for record in try salesforce.query(soql, doing: "reading missed orders") {
            guard let id = record["Id"]?.stringOrNumber.flatMap({ RecordID($0) }) else { continue }
            if try ledger.enter(id, correlationID: "reconciliation") {
                log.warn("entered an order that was never requested", ["orderId": .string(id.text)])
            }
        }
    }

    private var soql: String {
        let statuses = settings.statuses.map(SOQL.literal).joined(separator: ", ")
        let before = (ledger.now() - Self.minimumAge).iso8601
        let pricebook = settings.pricebookID.map { " AND Pricebook2Id = \(SOQL.literal($0.text))" } ?? ""
        return "SELECT Id FROM Order WHERE Status IN (\(statuses)) AND \(settings.statusField) = null"
            + " AND LastModifiedDate < \(before)\(pricebook) ORDER BY LastModifiedDate LIMIT 200"
    }
}
