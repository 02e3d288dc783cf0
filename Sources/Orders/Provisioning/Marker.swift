import Salesforce

/// What identifies the WHMCS order of a Salesforce order among all others.
struct Marker: Equatable {
    var value: String
    var note: String { "sfOrderId=\(value)" }

    init(_ id: RecordID) {
        value = id.text
    }

    func isIn(_ notes: String) -> Bool { notes.contains(note) }
}
