import Basics
import HTTP
import JSON
import Salesforce
import TestSupport

@testable import Orders

extension ProvisioningHarness {
    /// Enters so many due orders.
    ///
    /// - Parameters:
    ///   - first: the number of the first order's id.
    ///   - values: further attributes of each.
    /// - Returns: their ids, the longest due first.
    func enterDueOrders(_ count: Int, from first: Int = 0, _ values: [String: JSON] = [:]) throws -> [String] {
        let numbers = first..<first + count
        let ids = numbers.map { "801Dn0000015" + String(1000 + $0).dropFirst() }.compactMap { RecordID($0) }
        for (number, id) in zip(numbers, ids) {
            let item: [String: JSON] = [
                "status": "Accepted", "open": "1", "dueAt": .number(1000 + number),
                "requestedAt": .milliseconds(network.now - 60_000),
            ]
            try aws.set(ItemKey.order(id), item.merging(values) { $1 })
        }
        return ids.map(\.text)
    }

    /// The orders in the events that the bus accepts from now on.
    func recordPublications() -> Recorder<String> {
        let published = Recorder<String>()
        network.after = { request, answer in
            guard request.action == "PutEvents", case .success(let response) = answer, response.status == 200
            else { return answer }
            for entry in JSON(request.body)?["Entries"]?.array ?? [] {
                let detail = JSON(Array((entry["Detail"]?.string ?? "").utf8))
                published.append(detail?["orderId"]?.string ?? "")
            }
            return answer
        }
        return published
    }
}
