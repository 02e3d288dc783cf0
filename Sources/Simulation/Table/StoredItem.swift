import JSON

/// The attributes of an item, in DynamoDB's form.
struct StoredItem {
    private var attributes: [String: JSON]
    /// The values without their types. Kept, because the items are read much more often than written.
    private(set) var plain: [String: JSON]

    /// The item that an update makes.
    init(key: String) {
        attributes = [TableAttribute.key: AttributeValue(text: key).json]
        plain = [TableAttribute.key: .string(key)]
    }

    init(checking attributes: [String: JSON]) throws(TableRefusal) {
        var refusals: [String: TableRefusal] = [:]
        for (name, value) in attributes {
            do throws(TableRefusal) { _ = try AttributeValue(value) } catch { refusals[name] = error }
        }
        // Of several wrong attributes always the same one is reported.
        if let first = refusals.min(by: { $0.key < $1.key }) { throw first.value }
        self.attributes = attributes
        plain = attributes.mapValues { AttributeValue(stored: $0).plain }
    }

    subscript(_ name: String) -> AttributeValue? {
        get { attributes[name].map(AttributeValue.init(stored:)) }
        set {
            attributes[name] = newValue?.json
            plain[name] = newValue?.plain
        }
    }

    var json: JSON { .object(attributes) }
}
