import Basics
import HTTP
import JSON
import Salesforce
import TestSupport

@testable import AWS
@testable import Orders

extension ProvisioningHarness {
    /// Enters so many due orders, a batch at a time: moto takes 5 ms for a write.
    ///
    /// - Parameters:
    ///   - first: the number of the first order's id.
    ///   - values: further attributes of each.
    /// - Returns: their ids, the longest due first.
    func enterDueOrders(_ count: Int, from first: Int = 0, _ values: [String: JSON] = [:]) throws -> [String] {
        let numbers = first..<first + count
        let ids = numbers.map { "801Dn0000015" + String(1000 + $0).dropFirst() }.compactMap { RecordID($0) }
        let puts = zip(numbers, ids).map { number, id in
            let item: [String: JSON] = [
                "pk": .string(ItemKey.order(id)), "status": "Accepted", "open": "1", "dueAt": .number(1000 + number),
                "requestedAt": .milliseconds(network.now - 60_000),
            ]
            let all = JSON.object(item.merging(values) { $1 })
            return JSON.object(["PutRequest": ["Item": attribute(of: all)["M"] ?? .null]])
        }
        let dynamoDB = AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0",
            account: aws.account, http: .live())
        for batch in puts.chunks(of: 25) {
            _ = try dynamoDB.call("BatchWriteItem", ["RequestItems": .object([aws.table: .array(batch)])])
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
