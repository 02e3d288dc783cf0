import AWS
import Basics
import Foundation
import HTTP
import JSON
import Lambda
import Salesforce
import TestSupport
import Testbed
import Testing

@testable import Orders

@Suite struct AlertsTests {
    private static let settings: [String: String] = [
        "SECURITY_ALERT_WEBHOOK": "https://alerts.example/hook", "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:1:alerts",
        "SF_ACCESS_TOKEN_PARAMETER": "/token", "WHMCS_API_URL": "https://shop.example/billing/includes/api.php",
    ]

    /// Raises an alert that a WHMCS order cannot be found, with what the program has read from Parameter Store.
    private func raise(
        _ answers: [Result<Response, HTTPFailure>], _ values: [String: String], kept: [String: String] = [:]
    ) throws -> (FakeHTTPClient, LogLines) {
        var environment = Environment(values)
        let settings = Alerts.Settings(&environment)
        try environment.check()
        let (http, log) = (FakeHTTPClient(answers), LogLines())
        let account = Account(["AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"])
        let parameters = ParameterCache()
        if !kept.isEmpty {
            let list = kept.map { JSON.object(["Name": .string($0), "Value": .string($1)]) }
            let store = FakeHTTPClient([
                .answer(200, String(decoding: JSON.object(["Parameters": .array(list)]).bytes, as: UTF8.self))
            ])
            _ = try parameters.get(Array(kept.keys), from: ParameterStore(account, store.client), now: http.now)
        }
        Alerts(settings: settings, account: account, http: http.client, log: log.log, parameters: parameters).raise(
            .duplicate(7, status: "Café"), RecordID(Seed.order), .whmcsOutcomeUnknown)
        return (http, log)
    }

    private static let token =
        #"{"access_token":"a-token","instance_url":"https://acme.my.salesforce.com","issued_at":"1795169730000"}"#

    private static let alert: [String: JSON] = [
        "message": .string("Duplicate WHMCS order 7 (Café): \(Seed.order)"), "orderId": .string(Seed.order),
        "errorCode": "WHMCS_OUTCOME_UNKNOWN",
    ]

    @Test("An alert goes to the webhook, the topic and the log") func delivery() throws {
        let (http, log) = try raise([.answer(200), .answer(200)], Self.settings)
        #expect(http.batches == [2], "both together")
        #expect(http.requests[0].url == "https://alerts.example/hook")
        var body = try #require(JSON(http.requests[0].body)?.object)
        #expect(body.removeValue(forKey: "text")?.string?.hasPrefix("Duplicate WHMCS order 7 (Café): ") == true)
        #expect(body == Self.alert)
        #expect(http.requests[0].header("X-Signature-256") == nil)
        #expect(http.requests[1].url == "https://sns.eu-west-1.amazonaws.com/")
        #expect(http.requests[1].signature?.service == "sns")
        #expect(
            http.requests[1].text.contains(
                "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A1%3Aalerts&Subject=Orders%3A%20Duplicate%20WHMCS%20order%207%20%28Caf%3F%29%3A%20801Dn0000014UPaIAM&"
            ))
        #expect(log.lines.map { $0["alert"] } == [.object(Self.alert)])
    }

    @Test("The text says what happened, what to do, and where to look") func text() throws {
        let url = "https://wiki.example/orders/RUNBOOK.md"
        let (http, log) = try raise(
            [.answer(200), .answer(200)], Self.settings.merging(["RUNBOOK_URL": url]) { $1 },
            kept: ["/token": Self.token])
        #expect(
            JSON(http.requests[0].body)?["text"]?.string == """
                Duplicate WHMCS order 7 (Café): 801Dn0000014UPaIAM (WHMCS_OUTCOME_UNKNOWN)
                If the duplicate is Active, cancel it by hand, with its services and its invoice.
                Salesforce order: https://acme.my.salesforce.com/801Dn0000014UPaIAM
                WHMCS order: https://shop.example/billing/admin/orders.php?action=view&id=7
                Runbook: https://wiki.example/orders/RUNBOOK.md#duplicate-whmcs-order
                """)
        #expect(!http.requests.contains { $0.text.contains("a-token") })
        #expect(!log.lines.contains { String(decoding: $0.bytes, as: UTF8.self).contains("a-token") })
    }

    @Test("Without addresses the text names the runbook's section") func noLinks() throws {
        let settings = Self.settings.merging(["WHMCS_API_URL": "https://shop.example/api"]) { $1 }
        let (http, _) = try raise([.answer(200), .answer(200)], settings)
        let text = JSON(http.requests[0].body)?["text"]?.string
        #expect(text?.hasSuffix("its invoice.\nRunbook: Alerts, Duplicate WHMCS order") == true)
    }

    /// "Custom notifications using Amazon Q Developer in chat applications".
    @Test("The topic gets what Amazon Q shows in a chat") func notification() throws {
        let (http, _) = try raise([.answer(200), .answer(200)], Self.settings, kept: ["/token": Self.token])
        let form = try #require(URLComponents(string: "?" + http.requests[1].text)?.queryItems)
        let message = try #require(form.first { $0.name == "Message" }?.value)
        #expect(
            JSON(Array(message.utf8)) == [
                "version": "1.0", "source": "custom",
                "content": [
                    "textType": "client-markdown",
                    "title": .string("Duplicate WHMCS order 7 (Café): \(Seed.order)"),
                    "description": "If the duplicate is Active, cancel it by hand, with its services and its invoice.",
                    "nextSteps": [
                        .string("Salesforce order: https://acme.my.salesforce.com/\(Seed.order)"),
                        "WHMCS order: https://shop.example/billing/admin/orders.php?action=view&id=7",
                        "Runbook: Alerts, Duplicate WHMCS order",
                    ],
                    "keywords": ["WHMCS_OUTCOME_UNKNOWN", .string(Seed.order)],
                ],
                "metadata": [
                    "threadId": .string(Seed.order),
                    "summary": .string("Duplicate WHMCS order 7 (Café): \(Seed.order)"),
                    "eventType": "duplicate-whmcs-order", "additionalContext": .object(Self.alert),
                ],
            ])
    }

    @Test("The webhook's posts are signed, with their time") func signed() throws {
        let settings = Self.settings.merging(["ALERT_WEBHOOK_SECRET_PARAMETER": "/secret"]) { $1 }
        let (http, log) = try raise([.answer(200), .answer(200)], settings, kept: ["/secret": " café \n"])
        let request = http.requests[0]
        #expect(request.header("X-Timestamp") == "1795169730")
        let signed = Array("1795169730.".utf8) + request.body
        let digest = try Program.openssl.run(["dgst", "-sha256", "-hmac", "café", "-r"], input: signed)
        let code = String(decoding: digest.prefix(64), as: UTF8.self)
        #expect(request.header("X-Signature-256") == "sha256=\(code)")
        #expect(http.requests[1].header("X-Signature-256") == nil)
        #expect(log.messages == ["alert"])
        #expect(!log.lines.contains { String(decoding: $0.bytes, as: UTF8.self).contains("café") })
    }

    @Test(
        "An alert that cannot be signed is delivered, and the log says why",
        arguments: [
            .answer(200, #"{"Parameters":[]}"#), .answer(200, #"{"Parameters":[{"Name":"/secret","Value":" "}]}"#),
            .answer(400, #"{"__type":"AccessDeniedException","message":"no"}"#), .timedOut,
        ] as [Result<Response, HTTPFailure>])
    func unsigned(_ store: Result<Response, HTTPFailure>) throws {
        let settings = Self.settings.merging(["ALERT_WEBHOOK_SECRET_PARAMETER": "/secret"]) { $1 }
        let (http, log) = try raise([store, .answer(200), .answer(200)], settings)
        #expect(http.requests[1].url == "https://alerts.example/hook")
        #expect(http.requests[1].header("X-Signature-256") == nil)
        #expect(log.messages == ["alert", "alert not signed"])
    }

    @Test("An alert without an address goes to the log") func logOnly() throws {
        let (http, log) = try raise([], [:])
        #expect(http.requests.isEmpty)
        #expect(log.lines.map { $0["level"] } == ["ERROR"])
    }

    @Test("An undelivered alert is logged, and stops nothing") func undelivered() throws {
        let (_, log) = try raise([.answer(403), .failed(.refused, received: false)], Self.settings)
        #expect(log.messages.filter { $0 == "alert not delivered" }.count == 2)
    }

    @Test("The addresses must use https", arguments: ["SECURITY_ALERT_WEBHOOK", "RUNBOOK_URL"])
    func https(_ name: String) {
        var environment = Environment([name: "http://alerts.example/hook"])
        _ = Alerts.Settings(&environment)
        #expect(environment.faults == ["\(name) must be an https URL without a user name"])
    }

    @Test("Every alert has its section in the runbook, and every section its alert") func sections() throws {
        let runbook = try String(contentsOf: packageRoot.appending(path: "deploy/RUNBOOK.md"), encoding: .utf8)
        let chapter = try #require(
            runbook.components(separatedBy: "\n## ").first { $0.hasPrefix("Alerts\n") })
        let headings = chapter.components(separatedBy: "\n### ").dropFirst().map { $0.prefix { $0 != "\n" } }
        #expect(headings.map(String.init) == Alert.Kind.allCases.map(\.rawValue))
        // The anchor of a heading with other characters would need more care.
        for kind in Alert.Kind.allCases {
            #expect(kind.rawValue.allSatisfy { $0.isASCII && $0.isLetter || $0 == " " })
            #expect(kind.anchor == kind.rawValue.lowercased().replacing(" ", with: "-"))
        }
    }

    @Test("What to do is one sentence, whatever the code", arguments: Alert.Kind.allCases) func nextSteps(
        _ kind: Alert.Kind
    ) {
        for code in [nil, .whmcsRejected, .whmcsOutcomeUnknown, .whmcsSetupFailed, .mappingFailed] as [ErrorCode?] {
            let step = kind.nextStep(code)
            // Amazon Q takes no more than 350 characters of a next step.
            #expect(step.hasSuffix(".") && step.count < 200)
            #expect(step.components(separatedBy: ". ").count == 1)
        }
    }
}
