import Basics
import HTTP
import Lambda
import Salesforce

/// Finds orders in Salesforce that nobody requested here: Salesforce can lose a platform event silently ("Considerations
/// for Publishing and Subscribing to Platform Events").
struct Reconciliation {
    /// How long a round may take.
    static let longest: Milliseconds = 10_000
    /// The request of a younger order may still be on its way.
    private static let minimumAge: Milliseconds = 900_000
    private static let pageSize = 200
    private static let doing = "reading missed orders"

    let settings: Settings
    let salesforce: SalesforceClient
    let ledger: Ledger
    let cursor: Cursor
    let log: Log
    /// The round starts nothing later.
    let deadline: Timestamp

    /// Where the next round of the process continues. Otherwise a round that is too short for the orders that the ledger
    /// knows would never get beyond them.
    final class Cursor {
        fileprivate(set) var last: RecordID?
    }

    /// Enters the missing orders, page after page in the order of their ids, until there are no more or the time is over.
    func run() throws {
        while ledger.now() < deadline {
            let page = try salesforce.query(soql, doing: Self.doing)
            for record in page {
                guard let id = record["Id"]?.stringOrNumber.flatMap({ RecordID($0) }) else {
                    throw SalesforceFailure.unreadable(doing: Self.doing)
                }
                guard ledger.now() < deadline else { break }
                if try ledger.enter(id, correlationID: "reconciliation") {
                    log.warn("entered an order that was never requested", ["orderId": .string(id.text)])
                }
                cursor.last = id
            }
            if page.count < Self.pageSize, ledger.now() < deadline {
                cursor.last = nil
                return
            }
        }
        log.warn("reconciliation continues in the next round")
    }

    private var soql: String {
        let conditions = [
            settings.statuses.soql, "\(settings.statusField) = null", "CreatedDate >= \(settings.since.iso8601)",
            "LastModifiedDate < \((ledger.now() - Self.minimumAge).iso8601)",
            settings.pricebookID.map { "Pricebook2Id = \(SOQL.literal($0.text))" },
            cursor.last.map { "Id > \(SOQL.literal($0.text))" },
        ]
        return "SELECT Id FROM Order WHERE " + conditions.compactMap(\.self).joined(separator: " AND ")
            + " ORDER BY Id LIMIT \(Self.pageSize)"
    }
}
