import JSON
import Testing
import WHMCS

@Suite struct OrdersTests {
    private func row(_ id: Int, client: Int = 7) -> String {
        #"{"id":"\#(id)","userid":"\#(client)","status":"Pending","notes":"sfOrderId=\#(id)","invoiceid":"0"}"#
    }

    private func list(_ rows: [String], total: Int) -> String {
        #"{"result":"success","totalresults":"\#(total)","orders":{"order":[\#(rows.joined(separator: ","))]}}"#
    }

    @Test("An order is read") func reading() throws {
        let wire = Wire(
            #"""
            {"result":"success","totalresults":1,"startnumber":0,"numreturned":1,"orders":{"order":[{"id":12,
            "ordernum":"2946773217","userid":7,"status":"Active","notes":"sfOrderId=801","invoiceid":"77",
            "lineitems":{"lineitem":[{"type":"product","relid":"4","product":"Hosting","status":"Active"}]}}]}}
            """#)
        let order = try #require(try wire.whmcs.order(12))
        #expect(wire.sent == ["action=GetOrders&id=12&limitstart=0&limitnum=250"])
        #expect((order.id, order.clientId, order.status, order.notes) == (12, 7, "Active", "sfOrderId=801"))
        #expect(order.isActive && !order.isPending)
    }

    /// The vendor documents neither: no rows in their several shapes, or an error.
    @Test(arguments: [
        #"{"result":"success","totalresults":0}"#,
        #"{"result":"success","totalresults":"0","orders":""}"#,
        #"{"result":"success","totalresults":0,"orders":[]}"#,
        #"{"result":"success","totalresults":0,"orders":null}"#,
        #"{"result":"success","totalresults":0,"orders":{"order":""}}"#,
        #"{"result":"error","message":"Order ID Not Found"}"#,
    ])
    func aMissingOrderIsNil(_ answer: String) throws {
        #expect(try Wire(answer).whmcs.order(12) == nil)
    }

    @Test func anotherOrderThanTheOneAskedForIsRefused() throws {
        let whmcs = try Wire(list([row(13)], total: 1)).whmcs
        #expect(failure { _ = try whmcs.order(12) } == .foreignRows(action: "GetOrders"))
    }

    /// One list, as PHP may have built it.
    @Test(arguments: [
        #"{"order":[ROW]}"#, #"{"order":ROW}"#, #"{"order":{"0":ROW}}"#, "[ROW]", #"{"0":ROW}"#, "ROW",
    ])
    func oneOrderIsReadInEveryShape(_ shape: String) throws {
        let orders = shape.replacing("ROW", with: row(3))
        let wire = Wire(#"{"result":"success","totalresults":1,"orders":\#(orders)}"#)
        let found = try wire.whmcs.orders(clientId: 7)
        #expect(found.map(\.id) == [3])
        #expect(found.first?.notes == "sfOrderId=3")
        #expect(wire.sent == ["action=GetOrders&userid=7&limitstart=0&limitnum=250"])
    }

    @Test func allPagesAreReadAndSorted() throws {
        let wire = Wire(
            list((1...250).reversed().map { row($0) }, total: 260), list((251...260).map { row($0) }, total: 260))
        #expect(try wire.whmcs.orders(clientId: 7).map(\.id) == Array(1...260))
        #expect(wire.sent.map { $0.hasSuffix("&limitstart=0&limitnum=250") } == [true, false])
        #expect(wire.sent.map { $0.hasSuffix("&limitstart=250&limitnum=250") } == [false, true])
    }

    /// A server that gives fewer than were asked for is followed by what it gave.
    @Test func shortPagesAreFollowed() throws {
        let wire = Wire(list([row(1), row(2)], total: 3), list([row(3)], total: 3))
        #expect(try wire.whmcs.orders(clientId: 7).map(\.id) == [1, 2, 3])
        #expect(try #require(wire.sent.last).contains("&limitstart=2&"))
    }

    /// Lists from whose silence nothing may be concluded. Each row: the pages.
    @Test(
        arguments: [
            [([1, 2], 3), ([], 3)],  // ends early
            [([1, 2], 3), ([3], 4)],  // grew meanwhile
            [([1, 2], 3), ([2], 3)],  // a row twice, so another was missed
            [([1, 2], 1)],  // more rows than the total
        ] as [[([Int], Int)]])
    func anIncompleteListIsAFailure(_ pages: [([Int], Int)]) throws {
        let whmcs = try Wire(pages.map { .answer(list($0.0.map { row($0) }, total: $0.1)) }).whmcs
        let error = try #require(failure { _ = try whmcs.orders(clientId: 7) })
        #expect(error == .incompleteList(action: "GetOrders"))
        #expect(error.isRetryable && !error.outcomeUnknown)
    }

    @Test func aListWithoutTotalIsAFailure() throws {
        let whmcs = try Wire(#"{"result":"success","orders":{"order":[]}}"#).whmcs
        #expect(failure { _ = try whmcs.orders(clientId: 7) } == .incompleteList(action: "GetOrders"))
    }

    @Test(arguments: [
        #"{"result":"success","totalresults":1}"#, #"{"result":"success","totalresults":1,"orders":"none"}"#,
        #"{"result":"success","totalresults":1,"orders":{"order":[1]}}"#,
        #"{"result":"success","totalresults":1,"orders":{"order":[{"id":1,"userid":7}]}}"#,
    ])
    func anUnreadableListIsAFailure(_ answer: String) throws {
        let whmcs = try Wire(answer).whmcs
        guard case .unreadable("GetOrders", _, mayHaveHappened: false) = failure({ _ = try whmcs.orders(clientId: 7) })
        else {
            Issue.record("it was read")
            return
        }
    }

    /// One row of bad UTF-8 fails the whole page; that is not "no orders".
    @Test func aListThatCouldNotBeEncodedIsAFailure() throws {
        let message = "Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded"
        let whmcs = try Wire(#"{"result":"error","message":"\#(message)"}"#).whmcs
        #expect(
            failure { _ = try whmcs.orders(clientId: 7) }
                == .unreadable(action: "GetOrders", "WHMCS could not encode it", mayHaveHappened: false))
    }

    @Test func rowsOfOtherClientsAreRefused() throws {
        let whmcs = try Wire(list([row(1), row(2, client: 8)], total: 2)).whmcs
        #expect(failure { _ = try whmcs.orders(clientId: 7) } == .foreignRows(action: "GetOrders"))
    }

    @Test func acceptAndCancelNameTheOrderAndNothingElse() throws {
        let wire = Wire(#"{"result":"success"}"#, #"{"result":"success"}"#)
        try wire.whmcs.acceptOrder(12)
        try wire.whmcs.cancelOrder(12)
        #expect(wire.sent == ["action=AcceptOrder&orderid=12", "action=CancelOrder&orderid=12"])
        #expect(wire.requests.map(\.isIdempotent) == [false, false])
    }
}
