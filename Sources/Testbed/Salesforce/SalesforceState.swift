import Basics
import Foundation
import JSON

extension SalesforceSimulator {
    /// Everything that the org stores. It is a value, so a snapshot does not change.
    public struct State: Sendable {
        /// Type → 18-character id → field → value. An absent field is null.
        public internal(set) var records: [String: [String: [String: JSON]]] = [:]
        /// Order id → the ids of its items. A search through the items of all orders takes longer than the call.
        private var itemIds: [String: Set<String>] = [:]
        /// Order id → every value that was written to Provisioning_Status__c, oldest first.
        public internal(set) var statusHistory: [String: [String]] = [:]
        /// The valid access tokens.
        public internal(set) var tokens: Set<String> = []
        public internal(set) var tokensIssued = 0
        /// "METHOD path" of every request, in the order of arrival, without query or body.
        public internal(set) var requests: [String] = []
        /// Whether the org has several currencies, and each order one of them.
        public var hasCurrencies = false
        /// The fields that the integration user may not see or edit, by `Order.Status`.
        public var fieldAccess: [String: FieldAccess] = [:]
        /// How many API calls the org has in 24 hours.
        public var dailyCalls = 100_000

        /// The rows of query results with several pages, by locator.
        var cursors: [String: [JSON]] = [:]
        var lastToken: String?
        private var sequence = 0

        /// The org's clock; nil for the machine's.
        package var clock: Timestamp?
        var now: Timestamp { clock ?? .now() }

        public enum FieldAccess: Sendable {
            case hidden, readOnly
        }

        public init() {}

        /// Nil where the user has all.
        func access(to field: String, of type: String) -> FieldAccess? { fieldAccess["\(type).\(field)"] }

        func isVisible(_ field: Schema.Field, of type: String) -> Bool {
            access(to: field.name, of: type) != .hidden && (!field.isOfCurrencies || hasCurrencies)
        }

        /// The record with that id of 15 or 18 characters.
        public func record(_ type: String, _ id: String) -> [String: JSON]? {
            salesforceId18(id).flatMap { records[type]?[$0] }
        }

        /// Adds or replaces a record, and returns its 18-character id, a new one when `id` is nil.
        @discardableResult
        public mutating func add(_ type: String, id: String? = nil, _ fields: [String: JSON]) -> String {
            let id = id.flatMap(salesforceId18) ?? newId(of: type)
            let now = JSON.string(salesforceTime(self.now))
            let system: [String: JSON] = ["Id": .string(id), "CreatedDate": now, "LastModifiedDate": now]
            delete(type, id)
            records[type, default: [:]][id] = fields.merging(system) { given, _ in given }
            if let order = order(ofItem: id, type) { itemIds[order, default: []].insert(id) }
            return id
        }

        package mutating func delete(_ type: String, _ id: String) {
            if let order = order(ofItem: id, type) { itemIds[order]?.remove(id) }
            records[type]?[id] = nil
        }

        private func order(ofItem id: String, _ type: String) -> String? {
            type == "OrderItem" ? records[type]?[id]?["OrderId"]?.stringOrNumber : nil
        }

        /// The items of the order with that 18-character id.
        package func items(ofOrder id: String) -> [String: [String: JSON]] {
            let items = itemIds[id, default: []].compactMap { id in records["OrderItem"]?[id].map { (id, $0) } }
            return Dictionary(items) { $1 }
        }

        mutating func nextNumber() -> Int {
            sequence += 1
            return sequence
        }

        private mutating func newId(of type: String) -> String {
            let prefixes = [
                "Order": "801", "OrderItem": "802", "Account": "001", "Product2": "01t", "PricebookEntry": "01u",
            ]
            let digits = String(nextNumber(), radix: 36)
            let padding = String(repeating: "0", count: max(0, 7 - digits.count))
            // Fifteen letters and digits are always an id.
            return salesforceId18((prefixes[type] ?? "a00") + "Dn000" + padding + digits) ?? "a00000000000000AAA"
        }
    }
}

/// The format of Salesforce: `2026-11-20T10:15:30.000+0000`, without a colon in the offset.
func salesforceTime(_ time: Timestamp) -> String {
    time.iso8601.dropLast() + "+0000"
}
