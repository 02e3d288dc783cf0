import Basics
import HTTP
import JSON

/// Calls Salesforce's REST API with a token from its caller.
public struct SalesforceClient {
    private let http: HTTPClient
    private let apiVersion: String
    private let token: () throws(SalesforceFailure) -> Token
    private let renewed: (Token) throws(SalesforceFailure) -> Token
    /// Hears each call's failure, or nil for its answer.
    public var heard: (SalesforceFailure?, _ sentAt: Timestamp) -> Void = { _, _ in }

    /// - Parameters:
    ///   - apiVersion: `v66.0`.
    ///   - token: returns the current one.
    ///   - renewed: returns the replacement of a token that was just rejected.
    public init(
        http: HTTPClient, apiVersion: String, token: @escaping () throws(SalesforceFailure) -> Token,
        renewed: @escaping (_ rejected: Token) throws(SalesforceFailure) -> Token
    ) {
        self.http = http
        self.apiVersion = apiVersion
        self.token = token
        self.renewed = renewed
    }

    /// Reads what belongs to no record, to see whether Salesforce answers at all.
    public func checkAnswers() throws(SalesforceFailure) {
        _ = try send("GET", "/", nil, "reading its resources")
    }

    /// All records of a query, page after page.
    ///
    /// - Parameter doing: the call in words, for a failure: "reading the order".
    public func query(_ soql: String, doing: String) throws(SalesforceFailure) -> [JSON] {
        try records(from: read("/query?" + formEncoded([("q", soql)]), doing), doing)
    }

    /// An order and its items, by id, so that every reading has them in the same order. Nil when there is no such order,
    /// or the integration user may not see it: Salesforce does not say which.
    ///
    /// - Parameters:
    ///   - paths: fields to read, as seen from the order; see `SOQL.isFieldPath`.
    ///   - itemPaths: as seen from the item.
    public func order(
        _ id: RecordID, selecting paths: [String], itemsSelecting itemPaths: [String]
    ) throws(SalesforceFailure) -> (order: SalesforceRecord, items: [SalesforceRecord])? {
        let doing = "reading the order"
        let soql =
            "SELECT \(SOQL.list(["Id"] + paths)), (SELECT \(SOQL.list(["Id"] + itemPaths)) FROM OrderItems)"
            + " FROM Order WHERE Id = \(SOQL.literal(id.text))"
        guard let row = try query(soql, doing: doing).first else { return nil }
        guard let order = SalesforceRecord(row), order.id == id else { throw .unreadable(doing: doing) }
        // Null instead of an empty list when there are none.
        let page = row[path: "OrderItems"]
        let rows = try page.map { page throws(SalesforceFailure) in try records(from: page, doing) } ?? []
        let items = rows.compactMap(SalesforceRecord.init)
        guard items.count == rows.count else { throw .unreadable(doing: doing) }
        return (order, items.sorted { $0.id.text < $1.id.text })
    }

    /// Writes fields of an order. Values are absolute, so that the write may be sent again.
    public func updateOrder(_ id: RecordID, _ values: [String: JSON]) throws(SalesforceFailure) {
        let doing = "updating the order"
        let response = try send("PATCH", "/sobjects/Order/\(id)", .object(values), doing)
        // Only 204 is Salesforce's success: a maintenance page can have 200.
        guard response.status == 204 else {
            throw .unanswered(doing: doing, reason: "HTTP \(response.status) instead of 204")
        }
    }

    /// Writes fields of an order and of its items, all or nothing up to 200 records. The order comes last: once it has
    /// changed, its items have too.
    public func update(
        order: RecordID, _ values: [String: JSON], items: [(id: RecordID, values: [String: JSON])]
    ) throws(SalesforceFailure) {
        let records = items.map { record("OrderItem", $0.id, $0.values) } + [record("Order", order, values)]
        for part in records.chunks(of: 200) { try updateCollection(part, "updating the order and its items") }
    }

    private func record(_ type: String, _ id: RecordID, _ values: [String: JSON]) -> JSON {
        let head: [String: JSON] = ["attributes": ["type": .string(type)], "id": .string(id.text)]
        return .object(values.merging(head) { _, head in head })
    }

    /// The status is always 200: each record has its own result.
    private func updateCollection(_ records: [JSON], _ doing: String) throws(SalesforceFailure) {
        let body: JSON = ["allOrNone": true, "records": .array(records)]
        let sentAt = http.now()
        let response = try send("PATCH", "/composite/sobjects", body, doing)
        guard let answer = JSON(response.body) else {
            throw .unanswered(doing: doing, reason: "HTTP \(response.status) without JSON")
        }
        guard let results = answer.array, results.count == records.count else { throw .unreadable(doing: doing) }
        if results.allSatisfy({ $0["success"]?.bool == true }) { return }
        guard let error = SalesforceError.all(in: response).first else { throw .unreadable(doing: doing) }
        let failure = error.failure(doing, status: response.status)
        heard(failure, sentAt)
        throw failure
    }
}

extension SalesforceClient {
    /// The records of a page, of a query or of a child list, and of all pages after it.
    func records(from page: JSON, _ doing: String) throws(SalesforceFailure) -> [JSON] {
        var page = page
        var records: [JSON] = []
        while true {
            guard let some = page["records"]?.array, let done = page["done"]?.bool else {
                throw .unreadable(doing: doing)
            }
            records += some
            if done { return records }
            // A path on the instance: anything else would send the token elsewhere. Empty pages might never end.
            guard let next = page["nextRecordsUrl"]?.stringOrNumber, next.hasPrefix("/services/data/"), !some.isEmpty
            else {
                throw .unreadable(doing: doing)
            }
            page = try json(exchange("GET", { $0 + next }, nil, doing), doing)
        }
    }

    func read(_ path: String, _ doing: String) throws(SalesforceFailure) -> JSON {
        try json(send("GET", path, nil, doing), doing)
    }

    private func json(_ response: Response, _ doing: String) throws(SalesforceFailure) -> JSON {
        guard let answer = JSON(response.body) else {
            // A maintenance page can have status 200.
            throw .unavailable(doing: doing, reason: "HTTP \(response.status) without JSON")
        }
        return answer
    }

    func send(_ method: String, _ path: String, _ body: JSON?, _ doing: String) throws(SalesforceFailure) -> Response {
        try exchange(method, { "\($0)/services/data/\(apiVersion)\(path)" }, body, doing)
    }

    private func exchange(
        _ method: String, _ url: (_ instance: String) -> String, _ body: JSON?, _ doing: String
    ) throws(SalesforceFailure) -> Response {
        let sentAt = http.now()
        do throws(SalesforceFailure) {
            let response = try authorized(method, url, body, doing)
            // A maintenance page can have status 200.
            let isPage = response.body.first == UInt8(ascii: "<")
            heard(isPage ? .unavailable(doing: doing, reason: "HTTP \(response.status) without JSON") : nil, sentAt)
            return response
        } catch {
            heard(error, sentAt)
            throw error
        }
    }

    /// Sends with the current token and, when Salesforce rejects it, once more with the next.
    private func authorized(
        _ method: String, _ url: (_ instance: String) -> String, _ body: JSON?, _ doing: String
    ) throws(SalesforceFailure) -> Response {
        let current = try token()
        let first = try transmit(method, url(current.instanceURL), current, body, doing)
        guard isSessionInvalid(first) else { return try checked(method, first, doing) }
        let next = try renewed(current)
        return try checked(method, transmit(method, url(next.instanceURL), next, body, doing), doing)
    }

    private func transmit(
        _ method: String, _ url: String, _ token: Token, _ body: JSON?, _ doing: String
    ) throws(SalesforceFailure) -> Response {
        var headers = [Header("Authorization", "Bearer \(token.accessToken)"), Header("Accept", "application/json")]
        if body != nil { headers.append(Header("Content-Type", "application/json; charset=UTF-8")) }
        let request = Request(
            method, url, headers: headers, body: body?.bytes ?? [], timeout: 30_000,
            // An answered second write says nothing of the first, which Salesforce may still carry out.
            isIdempotent: method == "GET",
            isRetryable: { isOverloaded($0.status) || SalesforceError.all(in: $0).contains(where: \.isRetryable) })
        do { return try http.send(request) } catch {
            guard method != "GET", error.mayHaveBeenReceived else {
                throw .unavailable(doing: doing, reason: error.description)
            }
            throw .unanswered(doing: doing, reason: error.description)
        }
    }

    private func isSessionInvalid(_ response: Response) -> Bool {
        let errors = SalesforceError.all(in: response)
        return errors.contains(where: \.isInvalidSession) || response.status == 401 && errors.isEmpty
    }

    private func checked(_ method: String, _ response: Response, _ doing: String) throws(SalesforceFailure) -> Response
    {
        guard (200..<300).contains(response.status) else {
            let failure = failure(response, doing)
            // A gateway's answer, not Salesforce's.
            if method != "GET", case .unavailable(_, let reason) = failure, SalesforceError.all(in: response).isEmpty {
                throw .unanswered(doing: doing, reason: reason)
            }
            throw failure
        }
        return response
    }

    private func failure(_ response: Response, _ doing: String) -> SalesforceFailure {
        let status = response.status
        if let error = SalesforceError.all(in: response).first { return error.failure(doing, status: status) }
        return switch status {
        case 401: .sessionInvalid
        case 410: .rejected(doing: doing, code: "UNSUPPORTED_API_VERSION", message: "")
        case 414, 431: .rejected(doing: doing, code: "HTTP \(status)", message: "the query is too long")
        default: .unavailable(doing: doing, reason: "HTTP \(status) without JSON")
        }
    }
}
