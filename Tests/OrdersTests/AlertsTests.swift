import AWS
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
    ]

    private func raise(_ answers: [Result<Response, HTTPFailure>], _ values: [String: String]) throws -> (
        FakeHTTPClient, LogLines
    ) {
        var environment = Environment(values)
        let settings = Alerts.Settings(&environment)
        try environment.check()
        let (http, log) = (FakeHTTPClient(answers), LogLines())
        let account = Account(["AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"])
        Alerts(settings: settings, account: account, http: http.client, log: log.log).raise(
            "Café closed", RecordID(Seed.order), .whmcsOutcomeUnknown)
        return (http, log)
    }

    private static let alert: JSON = [
        "message": .string("Café closed: \(Seed.order)"), "orderId": .string(Seed.order),
        "errorCode": "WHMCS_OUTCOME_UNKNOWN",
    ]

    @Test("An alert goes to the webhook, the topic and the log") func delivery() throws {
        let (http, log) = try raise([.answer(200), .answer(200)], Self.settings)
        #expect(http.batches == [2], "both together")
        #expect(http.requests[0].url == "https://alerts.example/hook")
        #expect(JSON(http.requests[0].body) == Self.alert)
        #expect(http.requests[1].url == "https://sns.eu-west-1.amazonaws.com/")
        #expect(http.requests[1].signature?.service == "sns")
        #expect(
            http.requests[1].text.contains(
                "&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A1%3Aalerts&Subject=Orders%3A%20Caf%3F%20closed%3A%20801Dn0000014UPaIAM&"
            ))
        #expect(log.lines.map { $0["alert"] } == [Self.alert])
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

    @Test("The webhook must use https") func https() {
        var environment = Environment(["SECURITY_ALERT_WEBHOOK": "http://alerts.example/hook"])
        _ = Alerts.Settings(&environment)
        #expect(environment.faults == ["SECURITY_ALERT_WEBHOOK must be an https URL without a user name"])
    }
}
