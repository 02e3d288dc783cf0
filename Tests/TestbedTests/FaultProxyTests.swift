import Foundation
import HTTP
import JSON
import Testing

@testable import Testbed

@Suite struct FaultProxyTests {
    /// The proxy of one process, before a service that counts its requests.
    private final class Harness: Sendable {
        let served = Monitor(0)
        let faultProxy = FaultProxy()
        private let server: LoopbackServer
        let process: ProcessProxy
        let environment: [String: String]

        init(_ rule: @escaping FaultProxy.Rule = { _ in nil }) throws {
            server = try LoopbackServer { [served] request in
                served.with { $0 += 1 }
                let host = request.header("host") ?? ""
                return .json(200, Array(#"{"token":"http://127.0.0.1:1","host":"\#(host)"}"#.utf8))
            }
            faultProxy.forward(to: [.aws: server.url, .salesforce: server.url + "0", .whmcs: server.url + "1"])
            faultProxy.reset(rule: rule)
            process = try ProcessProxy(faultProxy, program: "provision-order")
            environment = process.redirect(["WHMCS_API_URL": server.url + "1/includes/api.php", "OTHER": "as it was"])
            process.beginRun(Array(#"{"orderId":"801Dn0000014UPaIAM"}"#.utf8))
        }

        deinit { process.close() }

        func call(_ action: String, _ http: HTTPClient = .live()) throws -> Response {
            let url = environment["AWS_ENDPOINT_URL_DYNAMODB"] ?? ""
            return try http.send(
                Request(
                    "POST", url + "/", headers: [Header("X-Amz-Target", "DynamoDB_20120810.\(action)")],
                    body: Array("{}".utf8), timeout: 5_000, isIdempotent: false))
        }
    }

    @Test("Every call of a run has a name")
    func namesEveryCall() throws {
        let harness = try Harness()
        for action in ["GetItem", "UpdateItem", "UpdateItem"] { _ = try harness.call(action) }
        #expect(
            harness.faultProxy.calls.map(\.name) == [
                "provision-order aws start #1", "provision-order dynamodb GetItem #1",
                "provision-order dynamodb UpdateItem #1", "provision-order dynamodb UpdateItem #2",
            ])
        #expect(harness.faultProxy.calls.last?.order == "801Dn0000014UPaIAM")
        harness.process.endRun()
        harness.process.beginRun([])
        _ = try harness.call("UpdateItem")
        #expect(harness.faultProxy.calls.last?.name == "provision-order dynamodb UpdateItem #1")
        #expect(harness.faultProxy.calls.last?.run == 2)
        #expect(harness.faultProxy.calls.last?.order == nil)
    }

    @Test("Only forwarded calls are exchanges")
    func recordsExchanges() throws {
        let harness = try Harness { $0.number == 2 ? .response(.dropBeforeActing) : nil }
        _ = try harness.call("GetItem")
        _ = try? harness.call("GetItem")
        #expect(harness.faultProxy.exchanges.map(\.call.number) == [1], "a call that is not forwarded is no exchange")
        let exchange = try #require(harness.faultProxy.exchanges.first)
        #expect(exchange.sent == Array("{}".utf8))
        #expect(JSON(exchange.received)?["host"] != nil)
        harness.faultProxy.reset()
        #expect(harness.faultProxy.exchanges.isEmpty)
    }

    @Test("The environment leads the program to the listeners")
    func redirectsTheEnvironment() throws {
        let harness = try Harness()
        let port = try #require(harness.environment["AWS_ENDPOINT_URL_DYNAMODB"]).dropFirst("http://".count)
        #expect(JSON(try harness.call("GetItem").body)?["host"]?.string == String(port))
        #expect(harness.environment["OTHER"] == "as it was")
        #expect(harness.environment["WHMCS_API_URL"]?.hasSuffix("/includes/api.php") == true)
        #expect(
            Set(harness.environment.values).count == harness.environment.count, "each service has a listener of its own"
        )
    }

    /// The listener does not accept and close connections: it does not listen.
    @Test("A service refuses connections until the run is over")
    func refusesConnections() throws {
        let harness = try Harness { $0.action == "GetItem" ? .thenRefuses(.dynamodb) : nil }
        let kept = HTTPClient.live()
        #expect(try harness.call("GetItem", kept).status == 200)
        for http in [kept, .live()] {
            let failure = #expect(throws: HTTPFailure.self) { try harness.call("UpdateItem", http) }
            #expect(failure?.kind == .notConnected)
        }
        #expect(harness.served.with { $0 } == 1)
        harness.process.endRun()
        #expect(try harness.call("UpdateItem").status == 200)
    }

    @Test(
        "The connection breaks before or after the call is forwarded",
        arguments: [(Fault.dropBeforeActing, 0), (.actThenDrop, 1), (.actThenTruncate, 1)])
    func breaksTheConnection(fault: Fault, served: Int) throws {
        let harness = try Harness { $0.action == "GetItem" ? .response(fault) : nil }
        let failure = #expect(throws: HTTPFailure.self) { try harness.call("GetItem") }
        #expect(failure?.kind == .broken)
        #expect(harness.served.with { $0 } == served)
        #expect(harness.faultProxy.injections.map(\.call.action) == ["GetItem"])
    }

    @Test(
        "A withheld or late response arrives when the run is over",
        arguments: [(InjectedFault.withheld, 1), (.late(by: 0.05), 0)])
    func withholdsTheResponse(fault: InjectedFault, servedBefore: Int) throws {
        let harness = try Harness { $0.action == "GetItem" ? fault : nil }
        let answered = Monitor(false)
        onThread("call") {
            _ = try? harness.call("GetItem")
            answered.with { $0 = true }
        }
        let arrived = Date(timeIntervalSinceNow: 5)
        while harness.faultProxy.injections.isEmpty, Date() < arrived { usleep(1000) }
        if servedBefore > 0 {
            #expect(harness.served.wait(until: arrived) { $0 == servedBefore ? true : nil } == true)
        }
        #expect(harness.served.with { $0 } == servedBefore)
        #expect(!answered.with { $0 })
        harness.process.endRun()
        #expect(answered.wait(until: Date(timeIntervalSinceNow: 5)) { $0 ? true : nil } == true)
        #expect(harness.served.with { $0 } == 1)
    }

    @Test("The token names the instance as the process sees it")
    func replacesTheInstanceURL() throws {
        let harness = try Harness()
        let url = try #require(harness.environment["AWS_ENDPOINT_URL_SSM"])
        let answer = try HTTPClient.live().send(Request("POST", url + "/", isIdempotent: false))
        let token = try #require(JSON(answer.body)?["token"]?.string)
        #expect(token.hasPrefix("http://127.0.0.1:") && token != "http://127.0.0.1:1")
    }
}
