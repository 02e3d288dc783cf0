/// The attributes that have a meaning for the table itself: its key, the keys of the indexes `due` and `failed`, and the
/// time to live.
enum TableAttribute {
    static let key = "pk"
    static let open = "open"
    static let dueAt = "dueAt"
    static let errorCode = "errorCode"
    static let endedAt = "endedAt"
    static let expiresAt = "expiresAt"

    /// All items of the index are in this one partition.
    static let openValue = "1"

    /// The key that a request or an item gives.
    static func key(_ attribute: AttributeValue?) throws(TableRefusal) -> String {
        guard let text = attribute?.text else {
            throw .invalid("One or more parameter values were invalid: Type mismatch for key \(key) expected: S")
        }
        guard !text.isEmpty else {
            throw .invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                    + "empty string value. Key: \(key)")
        }
        // Swift's order and equality of other texts differ from those of their bytes.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw .unsupported("a key that is not ASCII") }
        return text
    }

    static let checked = [open, dueAt, errorCode, endedAt, expiresAt]

    /// Refuses a value that an index or the time to live cannot use.
    static func check(_ name: String, _ value: AttributeValue) throws(TableRefusal) {
        switch name {
        case open:
            guard let text = value.text else { throw mismatch(name, "S", SimulatedTable.indexName) }
            guard text == openValue else { throw .unsupported("another value of \(open) than \(openValue)") }
        case dueAt:
            guard value.number != nil else { throw mismatch(name, "N", SimulatedTable.indexName) }
        case errorCode:
            guard let text = value.text else { throw mismatch(name, "S", "failed") }
            guard !text.isEmpty else {
                throw .invalid(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not "
                        + "supported. The AttributeValue for a key attribute cannot contain an empty string value. "
                        + "IndexName: failed, IndexKey: \(name)")
            }
        case endedAt:
            guard value.number != nil else { throw mismatch(name, "N", "failed") }
        case expiresAt:
            guard value.number != nil else { throw .unsupported("an \(expiresAt) that is no number") }
        default: break
        }
    }

    private static func mismatch(_ name: String, _ type: String, _ index: String) -> TableRefusal {
        .invalid(
            "One or more parameter values were invalid: Type mismatch for Index Key \(name) Expected: \(type) "
                + "IndexName: \(index)")
    }
}

/// Where an item stands in the index and in the order of expiry.
struct TableMarks {
    /// Nil when the item is not in the index.
    var dueAt: Int?
    /// In s since 1970.
    var expiresAt: Int?

    init(_ item: StoredItem?) {
        guard let item else { return }
        if item[TableAttribute.open] != nil { dueAt = item[TableAttribute.dueAt]?.number }
        expiresAt = item[TableAttribute.expiresAt]?.number
    }
}
