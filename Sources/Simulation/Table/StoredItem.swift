import JSON

/// The attributes of an item, in DynamoDB's form.
struct StoredItem {
    private var attributes: [String: JSON]

    /// The item that an update makes.
    init(key: String) {
        attributes = [TableAttribute.key: AttributeValue(text: key).json]
    }

    init(checking attributes: [String: JSON]) throws(TableRefusal) {
        var refusals: [String: TableRefusal] = [:]
        for (name, value) in attributes {
            do throws(TableRefusal) { _ = try AttributeValue(value) } catch { refusals[name] = error }
        }
        // Of several wrong attributes always the same one is reported.
        if let first = refusals.min(by: { $0.key < $1.key }) { throw first.value }
        self.attributes = attributes
    }

    subscript(_ name: String) -> AttributeValue? {
        get { attributes[name].map(AttributeValue.init(stored:)) }
        set { attributes[name] = newValue?.json }
    }

    var json: JSON { .object(attributes) }

    /// The values without their types.
    var plain: [String: JSON] { attributes.mapValues { AttributeValue(stored: $0).plain } }
}
