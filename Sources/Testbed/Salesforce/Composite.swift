import JSON

/// `POST composite` is several requests in one. The status is always 200, and each request has its own in the body.
///
/// - Parameter call: carries one sub-request out, given as method, URL and body.
func composite(
    _ body: JSON, state: inout SalesforceSimulator.State,
    call: (String, String, JSON?, inout SalesforceSimulator.State) -> SalesforceReply
) throws(SalesforceRefusal) -> JSON {
    guard let requests = body["compositeRequest"]?.array, !requests.isEmpty, requests.count <= 25 else {
        throw SalesforceRefusal(
            status: 400, code: "INVALID_INPUT", message: "compositeRequest must hold 1 to 25 subrequests")
    }
    let references = requests.map { $0["referenceId"]?.stringOrNumber ?? "" }
    guard Set(references).count == requests.count, !references.contains("") else {
        throw SalesforceRefusal(
            status: 400, code: "INVALID_INPUT", message: "referenceId must be given, and only once")
    }

    let before = state
    var replies = [SalesforceReply?](repeating: nil, count: requests.count)
    for index in order(of: requests, collated: body["collateSubrequests"]?.bool ?? true) {
        let request = requests[index]
        replies[index] = call(
            request["method"]?.stringOrNumber ?? "", request["url"]?.stringOrNumber ?? "", request["body"], &state)
    }
    let failed = replies.contains { $0.map { $0.status >= 400 } ?? true }
    let rolledBack = failed && body["allOrNone"]?.bool == true
    if rolledBack { state = before }

    let halted = SalesforceReply(
        SalesforceRefusal(
            status: 400, code: "PROCESSING_HALTED",
            message: "The transaction was rolled back since another operation in the same transaction failed."))
    let responses = zip(references, replies).map { reference, reply -> JSON in
        let own = reply ?? halted
        let shown = rolledBack && own.status < 400 ? halted : own
        return [
            "referenceId": .string(reference), "httpStatusCode": .number(shown.status), "httpHeaders": [:],
            "body": shown.body ?? .null,
        ]
    }
    return ["compositeResponse": .array(responses)]
}

/// Salesforce may reorder collated sub-requests, and the simulator always does. Callers that need their order must send
/// `"collateSubrequests": false` (REST API Developer Guide, 'Composite').
private func order(of requests: [JSON], collated: Bool) -> [Int] {
    let indexes = Array(requests.indices)
    guard collated else { return indexes }
    let queries = indexes.filter { requests[$0]["method"]?.stringOrNumber == "GET" }
    return queries + indexes.filter { requests[$0]["method"]?.stringOrNumber != "GET" }
}
