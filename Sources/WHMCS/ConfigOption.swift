import JSON

/// A configurable option of a product.
public struct ConfigOption: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// One of these option ids: a dropdown or radio buttons.
        case choice(Set<Int>)
        /// 1 or 0.
        case yesNo
        case quantity(minimum: Int, maximum: Int?)
    }

    public var id: Int
    public var name: String
    public var kind: Kind
    public var isRequired: Bool

    public init(id: Int, name: String = "", kind: Kind, isRequired: Bool = false) {
        (self.id, self.name, self.kind, self.isRequired) = (id, name, kind, isRequired)
    }

    /// What is wrong with a value of the option; nil when AddOrder takes it.
    public func fault(_ value: String) -> String? {
        let number = Int(value)
        switch kind {
        case .choice(let ids):
            return number.map(ids.contains) ?? false
                ? nil : "configurable option \(id) has no choice \(value.prefix(40))"
        case .yesNo:
            return value == "0" || value == "1" ? nil : "configurable option \(id) takes 1 or 0"
        case .quantity(let minimum, let maximum):
            guard let number, number >= minimum, number <= maximum ?? .max else {
                let range = maximum.map { "from \(minimum) to \($0)" } ?? "of \(minimum) or more"
                return "configurable option \(id) takes a whole number \(range)"
            }
            return nil
        }
    }
}

extension ConfigOption {
    init?(_ row: JSON) {
        guard let id = row["id"]?.id else { return nil }
        let options = row.rows("options", "option") ?? []
        let kind: Kind
        switch row["type"]?.stringOrNumber?.lowercased() {
        case "3", "yesno": kind = .yesNo
        case "4", "quantity":
            // WHMCS lists the bounds since version 8.12; 0 is none.
            let maximum = row["maxqty"]?.integer.flatMap { $0 > 0 ? $0 : nil }
            kind = .quantity(minimum: max(0, row["minqty"]?.integer ?? 0), maximum: maximum)
        default: kind = .choice(Set(options.compactMap { $0["id"]?.id }))
        }
        self.init(
            id: id, name: row["name"]?.stringOrNumber ?? "", kind: kind,
            isRequired: options.contains { $0["required"].isSet })
    }
}
