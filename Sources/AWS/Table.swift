import HTTP
import JSON

/// A DynamoDB table with the string key `pk`.
///
/// Items are JSON objects here: text, numbers, booleans, lists and maps become DynamoDB attributes and back.
public struct Table {
    public typealias Item = [String: JSON]

    private let name: String
    private let service: AWSService

    public init(_ name: String, _ account: Account, _ http: HTTPClient) {
        self.name = name
        service = AWSService(
            name: "dynamodb", identifier: "DYNAMODB", target: "DynamoDB_20120810", version: "1.0", account: account,
            http: http)
    }

    /// The request that opens a connection.
    public var preconnect: Request { service.preconnect }

    /// A text that no other writer has, to recognise one's own write.
    public func uniqueID() -> String { service.http.uniqueID() }

    /// The item, read consistently; nil when there is none.
    public func get(_ key: String) throws(AWSFailure) -> Item? {
        try item(service.call("GetItem", getBody(key))["Item"])
    }

    /// The request of `get`, to send it along with others.
    public func getRequest(_ key: String) -> Request {
        service.request("GetItem", getBody(key))
    }

    public func get(_ result: Result<Response, HTTPFailure>) throws(AWSFailure) -> Item? {
        try item(service.answer("GetItem", result)["Item"])
    }

    /// Makes one write. When its condition fails, nothing is written, and the result has the current item.
    public func write(_ write: Write) throws(AWSFailure) -> WriteResult {
        do {
            return .written(try item(service.call(write.action, write.request(name))["Attributes"]) ?? [:])
        } catch {
            guard case .refused(_, "ConditionalCheckFailedException", _, let details) = error else { throw error }
            return .conditionFailed(item(details["Item"]))
        }
    }

    /// Makes several independent updates concurrently. Each result is the updated item, or nil when the condition failed or
    /// there was no answer.
    public func updateAll(_ updates: [Write]) -> [Item?] {
        service.callAll("UpdateItem", updates.map { $0.request(name) }).map { result in
            item(try? result.get()["Attributes"])
        }
    }

    /// A page of an index, in its order ("Query"). Items have only the attributes that the index projects.
    ///
    /// - Parameters:
    ///   - limit: the maximum number of items on a page.
    ///   - next: from the page before; nil for the first.
    /// - Returns: the items, and `next` for the page after; nil when there is none.
    public func query(
        index: String, _ condition: Write.Expression, limit: Int, after next: JSON? = nil
    ) throws(AWSFailure) -> (items: [Item], next: JSON?) {
        var body = queryBody(index, condition, after: next)
        body["Limit"] = .number(limit)
        let answer = try service.call("Query", .object(body))
        guard let rows = answer["Items"]?.array else { throw .unreadable(action: "dynamodb Query") }
        return (rows.compactMap(item), try self.next(answer, after: next))
    }

    /// The number of items of an index that meet the condition.
    public func count(index: String, _ condition: Write.Expression) throws(AWSFailure) -> Int {
        var count = 0
        var next: JSON?
        repeat {
            var body = queryBody(index, condition, after: next)
            body["Select"] = "COUNT"
            let answer = try service.call("Query", .object(body))
            guard let some = answer["Count"]?.integer else { throw .unreadable(action: "dynamodb Query") }
            count += some
            next = try self.next(answer, after: next)
        } while next != nil
        return count
    }

    /// The key that the page after begins with. One that this page began with would make the pages endless.
    private func next(_ answer: JSON, after previous: JSON?) throws(AWSFailure) -> JSON? {
        let next = answer["LastEvaluatedKey"]
        guard next == nil || next != previous else { throw .unreadable(action: "dynamodb Query") }
        return next
    }

    private func queryBody(_ index: String, _ condition: Write.Expression, after next: JSON?) -> [String: JSON] {
        var body: [String: JSON] = [
            "TableName": .string(name), "IndexName": .string(index), "KeyConditionExpression": .string(condition.text),
        ]
        body["ExclusiveStartKey"] = next
        addPlaceholders(of: [condition], to: &body)
        return body
    }

    /// Makes all writes or none ("TransactWriteItems").
    ///
    /// - Returns: nil when all were made; else for each write, in order, whether its condition held or failed.
    public func transact(_ writes: [Write]) throws(AWSFailure) -> [ConditionResult]? {
        do {
            let items = writes.map { write in JSON.object([write.verb: write.body(name)]) }
            // The token makes a retry after a lost answer succeed: without it, the first attempt's writes would fail the
            // retry's conditions.
            _ = try service.call(
                "TransactWriteItems",
                ["TransactItems": .array(items), "ClientRequestToken": .string(uniqueID())])
            return nil
        } catch {
            guard case .refused(_, "TransactionCanceledException", _, let details) = error,
                let reasons = details["CancellationReasons"]?.array, reasons.count == writes.count,
                reasons.contains(where: { $0["Code"]?.string == "ConditionalCheckFailed" })
            else { throw error }
            return reasons.map { $0["Code"]?.string == "ConditionalCheckFailed" ? .failed(item($0["Item"])) : .held }
        }
    }

    private func getBody(_ key: String) -> JSON {
        ["TableName": .string(name), "Key": ["pk": ["S": .string(key)]], "ConsistentRead": true]
    }

    private func item(_ attributes: JSON?) -> Item? {
        attributes?.object?.mapValues(value(ofAttribute:))
    }
}

public enum WriteResult: Sendable, Equatable {
    /// With the item after an update; empty after a put.
    case written(Table.Item)
    /// With the current item, if there is one.
    case conditionFailed(Table.Item?)
}

public enum ConditionResult: Sendable, Equatable {
    case held
    /// With the current item, if there is one.
    case failed(Table.Item?)
}
