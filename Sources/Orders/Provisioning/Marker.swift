import HTTP
import Salesforce

/// What identifies the WHMCS order of a Salesforce order among all others.
///
/// A customer may write notes at checkout (WHMCS's manual, "Allow Notes on Checkout"), and may know the Salesforce id. So
/// only the whole marker counts: its reference is random, and the ledger keeps it before AddOrder is sent.
struct Marker: Equatable {
    /// `sfOrderId=<Salesforce id> ref=<reference>`, in the order's notes and in the custom field.
    let text: String

    /// - Parameter reference: nil for an AddOrder of a version that sent none.
    init(_ id: RecordID, reference: String?) {
        text = Marker.name(id) + (reference.map { " ref=\($0)" } ?? "")
    }

    func isIn(_ text: String) -> Bool { text.contains(self.text) }

    /// Whether the text names the order, by whatever reference or none.
    static func isNamed(_ id: RecordID, in text: String) -> Bool { text.contains(name(id)) }

    private static func name(_ id: RecordID) -> String { "sfOrderId=\(id.text)" }
}
