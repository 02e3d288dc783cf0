import JSON

extension WHMCSSimulator {
    /// How loosely an installation formats its answers. Real ones differ by version, action and number of rows.
    public struct ResponseFormat: Sendable, Equatable {
        public enum List: Sendable, CaseIterable {
            /// `{"orders": {"order": [ … ]}}`, as documented.
            case array
            /// `{"orders": {"order": { … }}}` when there is one row.
            case objectWhenSingle
            /// `{"orders": [ … ]}`
            case bare
            /// `{"orders": {"order": {"0": { … }, "1": { … }}}}`
            case keyed
        }

        public enum Empty: Sendable, CaseIterable {
            /// Like a list with elements.
            case array
            /// `{"orders": {"order": ""}}`
            case innerText
            /// `{"orders": ""}`
            case outerText
        }

        /// `"orderid": "12"` instead of `"orderid": 12`.
        public var numbersAsText: Bool
        public var list: List
        public var empty: Empty

        public init(numbersAsText: Bool = false, list: List = .array, empty: Empty = .array) {
            self.numbersAsText = numbersAsText
            self.list = list
            self.empty = empty
        }

        /// The value under the plural name.
        func list(_ singular: String, _ rows: [JSON]) -> JSON {
            if rows.isEmpty, empty == .outerText { return "" }
            if rows.isEmpty, empty == .innerText { return .object([singular: ""]) }
            switch list {
            case .array: return .object([singular: .array(rows)])
            case .objectWhenSingle: return .object([singular: rows.count == 1 ? rows[0] : .array(rows)])
            case .bare: return .array(rows)
            case .keyed:
                let members = rows.enumerated().map { (String($0.offset), $0.element) }
                return .object([singular: .object(Dictionary(members) { $1 })])
            }
        }

        func applied(to json: JSON) -> JSON {
            guard numbersAsText else { return json }
            switch json {
            case .number: return json.stringOrNumber.map(JSON.string) ?? json
            case .array(let values): return .array(values.map(applied))
            case .object(let members): return .object(members.mapValues(applied))
            default: return json
            }
        }
    }
}
