import AWS
import Basics
import Foundation
import HTTP
import JSON

/// What the page shows, as one JSON document.
extension WatchPage {
    /// More orders make the page slow, and nobody reads them.
    private static let mostOrders = 100
    private static let mostLines = 200
    private static let mostCalls = 15

    /// - Parameter line: the number of the journal's line from which on the page wants them.
    func state(fromLine line: Int) -> JSON {
        let salesforce = salesforce.state
        let whmcs = whmcs.state
        let ledger = ledgerItems()
        let ids = orderIds(salesforce, ledger)
        let (lines, next) = journal.lines(from: line, most: Self.mostLines)
        return [
            "time": .milliseconds(.now()),
            "orders": .array(ids.prefix(Self.mostOrders).map { order($0, salesforce, whmcs, ledger) }),
            "moreOrders": .number(max(0, ids.count - Self.mostOrders)),
            "bus": bus,
            "queues": queueDepths,
            "functions": .array(
                functions.map { function in
                    [
                        "name": .string(function.definition.name),
                        "processes": .number(function.lambda.processCount),
                        "atWork": .number(function.lambda.eventsAtWork),
                    ]
                }),
            "breakers": breakers(ledger?["breakers"]),
            "faults": .object(
                Dictionary(WatchFault.allCases.map { ($0.rawValue, .bool(faults.isOn($0))) }) { $1 }),
            "salesforce": [
                "tokensIssued": .number(salesforce.tokensIssued), "validTokens": .number(salesforce.tokens.count),
                "calls": .number(salesforce.requests.count),
                "lastCalls": .array(salesforce.requests.suffix(Self.mostCalls).map(JSON.string)),
            ],
            "whmcs": [
                "moduleQueue": .array(
                    whmcs.moduleQueue.map { failed in
                        [
                            "serviceId": .number(failed.serviceId), "action": .string(failed.action),
                            "error": .string(failed.error),
                        ]
                    }),
                "calls": .number(whmcs.actions.count),
                "lastCalls": .array(whmcs.actions.suffix(Self.mostCalls).map(JSON.string)),
            ],
            "lines": .array(lines.map { ["source": .string($0.source), "text": .string($0.text)] }),
            "nextLine": .number(next),
        ]
    }

    // MARK: AWS

    /// Every item of the ledger by its key; nil when the table does not answer. Programs never scan the table: it grows.
    private func ledgerItems() -> [String: JSON]? {
        let table = AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0", account: account,
            http: .live())
        guard let items = try? table.call("Scan", ["TableName": .string(resources.table)])["Items"]?.array else {
            return nil
        }
        let plain = items.compactMap { item in item.object?.mapValues(value(ofAttribute:)) }
        return Dictionary(plain.map { ($0["pk"]?.string ?? "", JSON.object($0)) }) { $1 }
    }

    /// The order bus. Its archive counts the events.
    private var bus: JSON {
        let events = AWSService(
            name: "events", identifier: "EVENTBRIDGE", target: "AWSEvents", version: "1.1", account: account,
            http: .live())
        let archives = (try? events.call("ListArchives", [:])["Archives"]?.array) ?? []
        let archive = archives.first { $0["EventSourceArn"]?.string?.hasSuffix("/\(resources.eventBus)") == true }
        return ["name": .string(resources.eventBus), "events": archive?["EventCount"] ?? .null]
    }

    private var queueDepths: JSON {
        let ofOrders = functions.flatMap(\.definition.queueMappings).map(\.queueUrl)
        let ofRules = functions.flatMap(\.definition.ruleQueues).map(\.queueUrl)
        return .array(
            zip(queues, WatchQueue.depths(of: queues, account)).map { queue, depth in
                [
                    "name": .string(queue.name),
                    "hasOrders": .bool(ofOrders.contains(queue.url)),
                    // What nobody could handle.
                    "hasDeadLetters": .bool(!(ofOrders + ofRules).contains(queue.url)),
                    "waiting": .number(depth?.waiting), "hidden": .number(depth?.hidden),
                ]
            })
    }

    private func breakers(_ item: JSON?) -> JSON {
        let names = ["salesforce": "Salesforce", "whmcs": "WHMCS", "whmcsAddOrder": "AddOrder"]
        return .array(
            names.sorted { $0.key < $1.key }.map { attribute, name in
                let breaker = item?[attribute]
                return [
                    "name": .string(name), "failures": breaker?["failures"] ?? 0,
                    "openedAt": breaker?["openedAt"] ?? .null, "openUntil": breaker?["openUntil"] ?? .null,
                    "reason": breaker?["reason"] ?? .null,
                ]
            })
    }

    // MARK: Orders

    /// Of the orders that Salesforce or the ledger has.
    private func orderIds(_ salesforce: SalesforceSimulator.State, _ ledger: [String: JSON]?) -> [String] {
        let recorded = (ledger ?? [:]).keys.filter { $0.hasPrefix("order#") }.map {
            String($0.dropFirst("order#".count))
        }
        return Set(recorded).union((salesforce.records["Order"] ?? [:]).keys).sorted()
    }

    private func order(
        _ id: String, _ salesforce: SalesforceSimulator.State, _ whmcs: WHMCSSimulator.State, _ ledger: [String: JSON]?
    ) -> JSON {
        let record = salesforce.record("Order", id)
        let account = record?["AccountId"]?.string.flatMap { salesforce.record("Account", $0) }
        return [
            "id": .string(id), "account": account?["Name"] ?? .null, "lines": .array(lines(ofOrder: id, salesforce)),
            "record": record.map { JSON.object($0.filter { $0.key.hasSuffix("__c") && $0.value != .null }) } ?? .null,
            "statusHistory": .array((salesforce.statusHistory[id] ?? []).map(JSON.string)),
            "ledger": ledger?["order#\(id)"].map(entry) ?? .null,
            "whmcs": .array(whmcs.orders.filter { $0.notes.contains(id) }.map { whmcsOrder($0, whmcs) }),
        ]
    }

    /// Such as `2 × Installation, Onetime`.
    private func lines(ofOrder id: String, _ salesforce: SalesforceSimulator.State) -> [JSON] {
        salesforce.items(ofOrder: id).sorted { $0.key < $1.key }.map { _, item in
            let product = item["Product2Id"]?.string.flatMap { salesforce.record("Product2", $0) }
            let name = product?["Name"]?.string ?? "unknown product"
            let cycle = item["Billing_Cycle__c"]?.string.map { ", \($0)" } ?? ""
            return .string("\(item["Quantity"]?.integer ?? 1) × \(name)\(cycle)")
        }
    }

    /// The attributes that a person reads, by the names of Sources/Orders/README.md; the plan is long.
    private func entry(_ item: JSON) -> JSON {
        let names = [
            "status", "attempt", "tries", "addOrder", "dueAt", "leaseUntil", "errorCode", "errorMessage", "endedAt",
        ]
        return .object(Dictionary(names.compactMap { name in item[name].map { (name, $0) } }) { $1 })
    }

    private func whmcsOrder(_ order: WHMCSSimulator.Order, _ state: WHMCSSimulator.State) -> JSON {
        [
            "id": .number(order.id), "status": .string(order.status), "notes": .string(order.notes),
            "services": .array(
                state.services(ofOrder: order.id).map { service in
                    let name = state.product(service.pid)?.name ?? "product \(service.pid)"
                    return .string("\(service.id) \(name): \(service.status)")
                }),
        ]
    }
}
