import Basics
import Lambda
import Salesforce

/// Asks Salesforce for orders that should have been requested and were not: a platform event can be lost without
/// anybody being told ("Considerations for Publishing and Subscribing to Platform Events").
struct Reconciliation {
    /// An order that is younger may still be on its way here, in ms.
    private static let patience: Milliseconds = 900_000

    let settings: Settings
    let salesforce: SalesforceClient
    let ledger: Ledger
    let log: Log

    /// Enters up to 200 orders; the rest come in the next rounds.
    func run() throws {
        for record in try salesforce.query(soql, doing: "asking for missed orders") {
            guard let id = record["Id"]?.stringOrNumber.flatMap({ RecordID($0) }) else { continue }
            if try ledger.enter(id, correlationID: "reconciliation") {
                log.warn("Salesforce has an order that never came here", ["orderId": .string(id.text)])
            }
        }
    }

    private var soql: String {
        let statuses = settings.statuses.map { "'\(escaped($0))'" }.joined(separator: ", ")
        let before = (ledger.now() - Self.patience).iso8601
        let pricebook = settings.pricebookID.map { " AND Pricebook2Id = '\($0)'" } ?? ""
        return "SELECT Id FROM Order WHERE Status IN (\(statuses)) AND \(settings.statusField) = null"
            + " AND LastModifiedDate < \(before)\(pricebook) ORDER BY LastModifiedDate LIMIT 200"
    }

    /// For a literal of SOQL ("Quoted String Escape Sequences").
    private func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    }
}
