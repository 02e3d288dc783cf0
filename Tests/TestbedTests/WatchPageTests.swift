import AWS
import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@testable import Testbed

/// The page's routes, called without a browser: deploy/tests/test_watch.py has one.
@Suite struct WatchPageTests {
    private let whmcs: WHMCSSimulator
    private let salesforce: SalesforceSimulator
    private let aws: LoopbackServer
    private let page: WatchPage

    init() throws {
        let whmcs = try WHMCSSimulator(identifier: "id", secret: "s")
        let salesforce = try SalesforceSimulator(app: .init(clientId: "c", username: "u"))
        let aws = try LoopbackServer { Self.aws($0) }
        self.whmcs = whmcs
        self.salesforce = salesforce
        self.aws = aws
        let account = AWS.Account(TestbedAccount.environment(endpoint: aws.url, lambda: aws.url))
        page = WatchPage(
            directory: packageRoot.appending(path: "deploy/watch").path, gateway: "http://127.0.0.1:4242",
            account: account,
            resources: TemplateResources(table: "ledger", eventBus: "orders", functions: [], alarms: []),
            functions: [], salesforce: salesforce, whmcs: whmcs, journal: Journal(),
            queues: [WatchQueue(name: "q", url: aws.url + "/q")], faults: WatchFaults(salesforce, whmcs))
    }

    /// An order that Salesforce does not have, an open breaker, an event and a message.
    private static func aws(_ request: ServerRequest) -> ServerReply {
        let item: JSON = [
            "pk": ["S": "order#801Dn0000099999AAA"], "status": ["S": "Activating"], "dueAt": ["N": "1000"],
            "plan": ["M": [:]],
        ]
        let breakers: JSON = [
            "pk": ["S": "breakers"],
            "whmcs": ["M": ["openedAt": ["N": "5"], "failures": ["N": "6"], "reason": ["S": "HTTP 503"]]],
        ]
        let answer: JSON =
            switch request.header("x-amz-target")?.split(separator: ".").last {
            case "Scan": ["Items": [item, breakers]]
            case "ListArchives":
                ["Archives": [["EventSourceArn": "arn:aws:events:::event-bus/orders", "EventCount": 3]]]
            default:
                [
                    "Attributes": [
                        "ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1",
                    ]
                ]
            }
        return .json(200, answer.bytes)
    }

    private func answer(
        _ method: String, _ path: String, _ headers: [String: String] = ["host": "127.0.0.1:4242"], _ body: JSON = [:]
    ) -> (status: Int, headers: [String: String], body: [UInt8])? {
        let request = ServerRequest(
            method: method, path: path, query: "", headers: headers.map { ($0.key, $0.value) }, body: body.bytes)
        guard case .answer(let status, let headers, let body) = page.answer(request) else { return nil }
        return (status, Dictionary(headers.map { ($0.name, $0.value) }) { $1 }, body)
    }

    /// As the page itself does it.
    private func press(_ body: JSON) -> (status: Int, message: String?)? {
        let headers = [
            "host": "127.0.0.1:4242", "origin": "http://127.0.0.1:4242", "sec-fetch-site": "same-origin",
        ]
        return answer("POST", "/watch/action", headers, body).map { ($0.status, JSON($0.body)?["message"]?.string) }
    }

    @Test(
        "The page's files, with the headers that keep everything else out",
        arguments: [
            ("/", "text/html; charset=utf-8"), ("/watch/watch.css", "text/css; charset=utf-8"),
            ("/watch/watch.js", "text/javascript; charset=utf-8"), ("/watch/state", "application/json"),
        ])
    func servesItsFiles(path: String, type: String) throws {
        let found = try #require(answer("GET", path))
        #expect(found.status == 200 && !found.body.isEmpty)
        #expect(found.headers["Content-Type"] == type)
        #expect(found.headers["X-Content-Type-Options"] == "nosniff")
        #expect(found.headers["Cross-Origin-Resource-Policy"] == "same-origin")
        let policy = try #require(found.headers["Content-Security-Policy"])
        #expect(policy.hasPrefix("default-src 'self';") && policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
    }

    @Test(
        "Other requests are not the page's",
        arguments: [
            ("POST", "/"), ("GET", "/health"), ("GET", "/watch"), ("GET", "/watch/../index.html"),
            ("GET", "/watch/action"), ("POST", "/watch/state"), ("POST", "/orders/801/fulfill"),
        ])
    func leavesOthers(method: String, path: String) {
        #expect(answer(method, path) == nil)
    }

    @Test(
        "Under another name the page shows nothing",
        arguments: [
            "evil.example", "evil.example:4242", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:4242", "",
        ])
    func refusesOtherHosts(host: String) {
        for (method, path) in [("GET", "/"), ("GET", "/watch/state"), ("POST", "/watch/action")] {
            let headers = ["host": host, "origin": "http://\(host)", "sec-fetch-site": "same-origin"]
            #expect(answer(method, path, headers, ["action": "revoke-tokens"])?.status == 403)
        }
        #expect(answer("GET", "/", ["host": "localhost:4242"])?.status == 200)
    }

    @Test(
        "Another site cannot press a button",
        arguments: [
            (nil, nil, 403), (nil, "same-origin", 403), ("http://evil.example", "cross-site", 403), ("null", nil, 403),
            ("http://127.0.0.1:8080", "same-site", 403), ("http://localhost:4242", nil, 403),
            ("https://127.0.0.1:4242", nil, 403), ("http://127.0.0.1:4242", "cross-site", 403),
            ("http://127.0.0.1:4242", nil, 200), ("http://127.0.0.1:4242", "same-origin", 200),
        ] as [(String?, String?, Int)])
    func refusesOtherOrigins(origin: String?, site: String?, status: Int) {
        let token = salesforce.issueToken()
        var headers = ["host": "127.0.0.1:4242"]
        headers["origin"] = origin
        headers["sec-fetch-site"] = site
        #expect(answer("POST", "/watch/action", headers, ["action": "revoke-tokens"])?.status == status)
        #expect(salesforce.state.tokens.contains(token) == (status == 403))
    }

    @Test(
        "A button's request is read",
        arguments: [
            (#"{"action":"click","orderId":"801Dn0000014UPaIAM"}"#, .send(orderId: Seed.order, isEvent: false)),
            (#"{"action":"event","orderId":"801Dn0000014UPa"}"#, .send(orderId: Seed.order, isEvent: true)),
            (#"{"action":"fault","fault":"whmcs-down","on":true}"#, .switchFault(.whmcsDown, isOn: true)),
            (#"{"action":"kill","program":"provision-order"}"#, .kill(program: "provision-order")),
            (#"{"action":"recover"}"#, .recover(orderId: nil)),
            (#"{"action":"recover","orderId":"801Dn0000014UPaIAM"}"#, .recover(orderId: Seed.order)),
            (#"{"action":"revoke-tokens"}"#, .revokeTokens),
            (#"{"action":"click"}"#, nil), (#"{"action":"event","orderId":"../health"}"#, nil),
            (#"{"action":"fault","fault":"other","on":true}"#, nil), (#"{"action":"fault","fault":"whmcs-down"}"#, nil),
            (#"{"action":"recover","orderId":"x"}"#, nil), (#"{"action":"stop"}"#, nil), ("[]", nil),
        ] as [(String, WatchAction?)])
    func readsActions(json: String, action: WatchAction?) throws {
        #expect(try WatchAction(#require(JSON(Array(json.utf8)))) == action)
    }

    @Test("An unknown button or program is refused with a reason")
    func refusesUnknownButtons() {
        #expect(press(["action": "stop"])?.status == 400)
        let kill = press(["action": "kill", "program": "init"])
        #expect(kill?.status == 502 && kill?.message == "There is no program init")
    }

    @Test("The page has a switch for every fault, and no other")
    func hasEverySwitch() throws {
        let html = try String(contentsOfFile: page.directory + "/index.html", encoding: .utf8)
        let names = html.matches(of: /data-fault="([^"]*)"/).map { String($0.1) }
        #expect(names.sorted() == WatchFault.allCases.map(\.rawValue).sorted())
    }

    @Test("The state joins what the ledger, the simulators and AWS say")
    func joinsTheState() throws {
        page.journal.write("gateway", "a line")
        var changed = try #require(salesforce.record("Order", Seed.order))
        changed["Provisioning_Status__c"] = "Failed"
        _ = press(["action": "fault", "fault": "salesforce-slow", "on": true])
        salesforce.add("Order", id: Seed.order, changed)
        let state = page.state(fromLine: 0)
        let orders = try #require(state["orders"]?.array)
        #expect(orders.compactMap { $0["id"]?.string }.contains(Seed.order) && orders.count == 7)
        let known = try #require(orders.first { $0["id"]?.string == Seed.order })
        #expect(known["account"] == "Example Hosting Ltd" && known["ledger"] == .null)
        #expect(known["record"] == ["Provisioning_Status__c": "Failed"])
        #expect(known["lines"] == ["1 × Web Hosting, Monthly", "2 × Installation, Onetime"])
        let other = try #require(orders.first { $0["record"] == .null })
        #expect(other["ledger"] == ["status": "Activating", "dueAt": 1000])
        #expect(state["bus"] == ["name": "orders", "events": 3])
        #expect(
            state["queues"] == [["name": "q", "hasOrders": false, "hasDeadLetters": true, "waiting": 2, "hidden": 1]])
        let open = state["breakers"]?.array?.filter { $0["openedAt"] != .null }
        #expect(
            open == [["name": "WHMCS", "failures": 6, "openedAt": 5, "openUntil": .null, "reason": "HTTP 503"]])
        #expect(state["faults"]?["salesforce-slow"] == true && state["faults"]?["whmcs-down"] == false)
        #expect(state["lines"]?.array?.first == ["source": "gateway", "text": "a line"])
        #expect(state["nextLine"] == 2)
        #expect(page.state(fromLine: 2)["lines"] == [])
    }

    @Test("A click goes through the gateway, an event to the partner's bus")
    func sendsOrders() throws {
        let paths = Recorder<String>()
        let gateway = try LoopbackServer { request in
            paths.append("\(request.method) \(request.path)")
            return .json(202, Array(#"{"status":"Accepted"}"#.utf8))
        }
        let sending = WatchPage(
            directory: "", gateway: gateway.url, account: page.account, resources: page.resources, functions: [],
            salesforce: salesforce, whmcs: whmcs, journal: Journal(), queues: [], faults: page.faults)
        let outcome = try sending.carryOut(.send(orderId: Seed.order, isEvent: false))
        #expect(outcome == "Order \(Seed.order) sent by a click: 202 Accepted")
        #expect(paths.values == ["POST /orders/\(Seed.order)/fulfill"])
        // The bus's answer has no entries here.
        #expect(throws: TestbedFailure.self) { try sending.carryOut(.send(orderId: Seed.order, isEvent: true)) }
    }
}
