import AWS
import Basics
import JSON
import Testbed

/// The ledger as a whole: the drill moves it in time, and restores it.
///
/// The programs keep every time in the ledger and nowhere else. So while none is at work, moving all of the ledger's times
/// back by a minute is the same as waiting for a minute.
extension EndToEndHarness {
    /// As DynamoDB has them, `{"dueAt": {"N": "…"}}`.
    typealias RawItems = [JSON]

    func passTime(_ time: Milliseconds) throws {
        try putItems(ledgerItems().map { moved($0, by: -time) })
    }

    func ledgerItems() throws -> RawItems {
        let table: [String: JSON] = ["TableName": .string(testbed.resources.table)]
        return try dynamoDB.call("Scan", .object(table))["Items"]?.array ?? []
    }

    /// Replaces all items: what a stack on a restored table finds.
    func restoreLedger(_ items: RawItems) throws {
        let kept = Set(items.compactMap { $0["pk"]?["S"]?.string })
        let lost = try ledgerItems().compactMap { $0["pk"] }.filter { !kept.contains($0["S"]?.string ?? "") }
        try write(lost.map { ["DeleteRequest": ["Key": ["pk": $0]]] })
        try putItems(items)
    }

    private func putItems(_ items: RawItems) throws {
        try write(items.map { ["PutRequest": ["Item": $0]] })
    }

    private func write(_ requests: [JSON]) throws {
        // The most that BatchWriteItem takes.
        for start in stride(from: 0, to: requests.count, by: 25) {
            let some = Array(requests[start..<min(start + 25, requests.count)])
            let body: JSON = ["RequestItems": .object([testbed.resources.table: .array(some)])]
            _ = try dynamoDB.call("BatchWriteItem", body)
        }
    }
}

/// Times are the only numbers of the ledger that are as large: milliseconds, and seconds in `expiresAt`.
private func moved(_ value: JSON, by time: Milliseconds) -> JSON {
    switch value {
    case .array(let elements): return .array(elements.map { moved($0, by: time) })
    case .object(let members):
        guard members.count == 1, let number = members["N"]?.string.flatMap(Int.init) else {
            return .object(members.mapValues { moved($0, by: time) })
        }
        let years = 1_500_000_000...2_500_000_000
        if years.contains(number) { return ["N": .string(String(number + time / 1000))] }
        return years.contains(number / 1000) ? ["N": .string(String(number + time))] : value
    default: return value
    }
}
