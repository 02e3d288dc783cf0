import TestSupport
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
        let http = FakeHTTPClient(
            #"""
            {"result":"success","totalresults":1,"startnumber":0,"numreturned":1,"orders":{"order":[{"id":12,
            "ordernum":"2946773217","amount":"9.90","userid":7,"status":"Active","notes":"sfOrderId=801","invoiceid":"77",
            "lineitems":{"lineitem":[{"type":"product","relid":"4","product":"Hosting","status":"Active"}]}}]}}
            """#)
        let order = try #require(try http.whmcs.order(12))
        #expect(http.sent == ["action=GetOrders&id=12&limitstart=0&limitnum=250"])
        #expect((order.id, order.clientId, order.status, order.notes) == (12, 7, "Active", "sfOrderId=801"))
        #expect(order.amount == "9.90")
        #expect(order.isActive && !order.isPending)
    }

    @Test(
        "Another thing that is not found is a failure, not a missing order",
        arguments: ["Route not found", "Not Found"])
    func otherMissing(_ message: String) {
        let answer = #"{"status":"error","message":"\#(message)"}"#
        #expect(throws: WHMCSFailure.self) { try FakeHTTPClient(answer).whmcs.order(12) }
    }

    /// The vendor documents neither the shapes of an empty list nor the error.
    @Test(
        "A missing order is nil",
        arguments: [
            #"{"result":"success","totalresults":0}"#,
            #"{"result":"success","totalresults":"0","orders":""}"#,
            #"{"result":"success","totalresults":0,"orders":[]}"#,
            #"{"result":"success","totalresults":0,"orders":null}"#,
            #"{"result":"success","totalresults":0,"orders":{"order":""}}"#,
            #"{"result":"error","message":"Order ID Not Found"}"#,
        ])
    func missing(_ answer: String) throws {
        #expect(try FakeHTTPClient(answer).whmcs.order(12) == nil)
    }

    @Test("Another order is refused") func otherOrder() throws {
        let whmcs = try FakeHTTPClient(list([row(13)], total: 1)).whmcs
        #expect(failure { _ = try whmcs.order(12) } == .foreignRows(action: "GetOrders"))
    }

    /// One list in every form that PHP may give it.
    @Test(
        "A list is read in every shape",
        arguments: [
            #"{"order":[ROW]}"#, #"{"order":ROW}"#, #"{"order":{"0":ROW}}"#, "[ROW]", #"{"0":ROW}"#, "ROW",
        ])
    func shapes(_ shape: String) throws {
        let orders = shape.replacing("ROW", with: row(3))
        let http = FakeHTTPClient(#"{"result":"success","totalresults":1,"orders":\#(orders)}"#)
        let found = try http.whmcs.orders(clientId: 7)
        #expect(found.map(\.id) == [3])
        #expect(found.first?.notes == "sfOrderId=3")
        #expect(http.sent == ["action=GetOrders&userid=7&limitstart=0&limitnum=250"])
    }

    @Test("A list without a total is incomplete") func noTotal() throws {
        let whmcs = try FakeHTTPClient(#"{"result":"success","orders":{"order":[]}}"#).whmcs
        #expect(failure { _ = try whmcs.orders(clientId: 7) } == .incompleteList(action: "GetOrders"))
    }

    @Test(
        "A malformed list is unreadable",
        arguments: [
            #"{"result":"success","totalresults":1}"#, #"{"result":"success","totalresults":1,"orders":"none"}"#,
            #"{"result":"success","totalresults":1,"orders":{"order":[1]}}"#,
            #"{"result":"success","totalresults":1,"orders":{"order":[{"id":1,"userid":7}]}}"#,
        ])
    func unreadable(_ answer: String) throws {
        let whmcs = try FakeHTTPClient(answer).whmcs
        guard case .unreadable("GetOrders", _, mayHaveHappened: false) = failure({ _ = try whmcs.orders(clientId: 7) })
        else {
            Issue.record("it was read")
            return
        }
    }

    /// One row with invalid UTF-8 fails the whole page, which must not count as no orders.
    @Test("A list that WHMCS could not encode is unreadable") func notEncoded() throws {
        let message = "Error generating JSON encoded response: Malformed UTF-8 characters, possibly incorrectly encoded"
        let whmcs = try FakeHTTPClient(#"{"result":"error","message":"\#(message)"}"#).whmcs
        #expect(
            failure { _ = try whmcs.orders(clientId: 7) }
                == .unreadable(action: "GetOrders", "WHMCS could not encode it", mayHaveHappened: false))
    }

    @Test("Orders of another client are refused") func otherClient() throws {
        let whmcs = try FakeHTTPClient(list([row(1), row(2, client: 8)], total: 2)).whmcs
        #expect(failure { _ = try whmcs.orders(clientId: 7) } == .foreignRows(action: "GetOrders"))
    }

    @Test("Accepting and cancelling send only the order id") func acceptAndCancel() throws {
        let http = FakeHTTPClient(#"{"result":"success"}"#, #"{"result":"success"}"#)
        try http.whmcs.acceptOrder(12)
        try http.whmcs.cancelOrder(12)
        #expect(http.sent == ["action=AcceptOrder&orderid=12", "action=CancelOrder&orderid=12"])
        #expect(http.requests.map(\.isIdempotent) == [false, false])
    }
}
