import Foundation
import HTTP
import JSON
import Testing

@testable import Testbed

@Suite struct InterposerTests {
    /// Doors before a service that counts what reaches it.
    private final class Street: Sendable {
        let served = Monitor(0)
        let interposer = Interposer()
        private let server: LoopbackServer
        let doors: Doors
        let environment: [String: String]

        init(_ rule: @escaping Interposer.Rule = { _ in nil }) throws {
            server = try LoopbackServer { [served] request in
                served.with { $0 += 1 }
                let host = request.header("host") ?? ""
                return .json(200, Array(#"{"token":"http://127.0.0.1:1","host":"\#(host)"}"#.utf8))
            }
            interposer.stand(before: [.aws: server.url, .salesforce: server.url + "0", .whmcs: server.url + "1"])
            interposer.follow(rule)
            doors = try Doors(interposer, program: "provision-order")
            environment = doors.leading(["WHMCS_API_URL": server.url + "1/includes/api.php", "OTHER": "as it was"])
            doors.beginRun(Array(#"{"orderId":"801Dn0000014UPaIAM"}"#.utf8))
        }

        deinit { doors.close() }

        func call(_ action: String, _ http: HTTPClient = .live()) throws -> Response {
            let url = environment["AWS_ENDPOINT_URL_DYNAMODB"] ?? ""
            return try http.send(
                Request(
                    "POST", url + "/", headers: [Header("X-Amz-Target", "DynamoDB_20120810.\(action)")],
                    body: Array("{}".utf8), timeout: 5_000, isIdempotent: false))
        }
    }

    @Test func namesEveryCallOfARun() throws {
        let street = try Street()
        for action in ["GetItem", "UpdateItem", "UpdateItem"] { _ = try street.call(action) }
        #expect(
            street.interposer.calls.map(\.name) == [
                "provision-order aws start #1", "provision-order dynamodb GetItem #1",
                "provision-order dynamodb UpdateItem #1", "provision-order dynamodb UpdateItem #2",
            ])
        #expect(street.interposer.calls.last?.order == "801Dn0000014UPaIAM")
        street.doors.endRun()
        street.doors.beginRun([])
        _ = try street.call("UpdateItem")
        #expect(street.interposer.calls.last?.name == "provision-order dynamodb UpdateItem #1")
        #expect(street.interposer.calls.last?.run == 2)
        #expect(street.interposer.calls.last?.order == nil)
    }

    @Test func knowsWhatWentToAndFro() throws {
        let street = try Street { $0.number == 2 ? .fault(.dropBeforeActing) : nil }
        _ = try street.call("GetItem")
        _ = try? street.call("GetItem")
        #expect(street.interposer.exchanges.map(\.call.number) == [1], "what is not carried out is no exchange")
        let exchange = try #require(street.interposer.exchanges.first)
        #expect(exchange.sent == Array("{}".utf8))
        #expect(JSON(exchange.received)?["host"] != nil)
        street.interposer.follow { _ in nil }
        #expect(street.interposer.exchanges.isEmpty)
    }

    @Test func leadsTheProgramToTheDoors() throws {
        let street = try Street()
        let port = try #require(street.environment["AWS_ENDPOINT_URL_DYNAMODB"]).dropFirst("http://".count)
        #expect(JSON(try street.call("GetItem").body)?["host"]?.string == String(port))
        #expect(street.environment["OTHER"] == "as it was")
        #expect(street.environment["WHMCS_API_URL"]?.hasSuffix("/includes/api.php") == true)
        #expect(Set(street.environment.values).count == street.environment.count, "each service has its own door")
    }

    /// Not only closed after accepting: nobody listens any more, until the run is over.
    @Test func refusesConnectionsUntilTheRunIsOver() throws {
        let street = try Street { $0.action == "GetItem" ? .thenRefuses(.dynamodb) : nil }
        let kept = HTTPClient.live()
        #expect(try street.call("GetItem", kept).status == 200)
        for http in [kept, .live()] {
            let failure = #expect(throws: HTTPFailure.self) { try street.call("UpdateItem", http) }
            #expect(failure?.kind == .notConnected)
        }
        #expect(street.served.with { $0 } == 1)
        street.doors.endRun()
        #expect(try street.call("UpdateItem").status == 200)
    }

    @Test(arguments: [(Fault.dropBeforeActing, 0), (.actThenDrop, 1), (.actThenTruncate, 1)])
    func breaksTheConnectionBeforeAndAfter(fault: Fault, served: Int) throws {
        let street = try Street { $0.action == "GetItem" ? .fault(fault) : nil }
        let failure = #expect(throws: HTTPFailure.self) { try street.call("GetItem") }
        #expect(failure?.kind == .broken)
        #expect(street.served.with { $0 } == served)
        #expect(street.interposer.incidents.map(\.call.action) == ["GetItem"])
    }

    @Test(arguments: [(Trouble.withheld, 1), (.late, 0)])
    func keepsTheAnswerUntilTheRunIsOver(trouble: Trouble, servedBefore: Int) throws {
        let street = try Street { $0.action == "GetItem" ? trouble : nil }
        let answered = Monitor(false)
        onThread("call") {
            _ = try? street.call("GetItem")
            answered.with { $0 = true }
        }
        let arrived = Date(timeIntervalSinceNow: 5)
        while street.interposer.incidents.isEmpty, Date() < arrived { usleep(1000) }
        if servedBefore > 0 {
            #expect(street.served.wait(until: arrived) { $0 == servedBefore ? true : nil } == true)
        }
        #expect(street.served.with { $0 } == servedBefore)
        #expect(!answered.with { $0 })
        street.doors.endRun()
        #expect(answered.wait(until: Date(timeIntervalSinceNow: 5)) { $0 ? true : nil } == true)
        #expect(street.served.with { $0 } == 1)
    }

    @Test func tellsTheTokensInstanceAsThisProcessHasIt() throws {
        let street = try Street()
        let url = try #require(street.environment["AWS_ENDPOINT_URL_SSM"])
        let answer = try HTTPClient.live().send(Request("POST", url + "/", isIdempotent: false))
        let token = try #require(JSON(answer.body)?["token"]?.string)
        #expect(token.hasPrefix("http://127.0.0.1:") && token != "http://127.0.0.1:1")
    }
}
