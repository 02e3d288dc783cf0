import HTTP
import Lambda
import TestSupport
import Testing

@testable import Orders

@Suite struct OutboundCallTests {
    private static let instance = "https://acme.my.salesforce.com"
    private static let whmcs = OutboundCall(service: .whmcs, action: "GetOrders")
    private static let salesforce = OutboundCall(service: .salesforce, action: "Query")

    private func post(_ url: String, _ body: String = "") -> Request {
        Request("POST", url, body: Array(body.utf8), isIdempotent: true)
    }

    @Test(
        "A call is known by its action",
        arguments: [
            ("https://billing.example/includes/api.php", "action=GetOrders&identifier=i", whmcs),
            ("\(instance)/services/data/v66.0/query?q=SELECT+Id", "", salesforce),
            ("\(instance)/services/data/v66.0/query/01gxx-2000", "", salesforce),
            (
                "\(instance)/services/data/v66.0/sobjects/Order/801Dn0000014UPaIAM", "{}",
                OutboundCall(service: .salesforce, action: "UpdateOrder")
            ),
            (
                "\(instance)/services/data/v66.0/composite/sobjects", "{}",
                OutboundCall(service: .salesforce, action: "UpdateOrderAndLines")
            ),
            ("\(instance)/services/data/v66.0/", "", OutboundCall(service: .salesforce, action: "Resources")),
            (
                "https://login.salesforce.com/services/oauth2/token", "grant_type=x",
                OutboundCall(service: .salesforce, action: "Token")
            ),
            ("https://hooks.example/services/T0/B0", "{}", nil), ("https://hooks.example/services/T0/B0/x", "{}", nil),
            (
                "\(instance)/services/data/v66.0/sobjects/Order/describe", "",
                OutboundCall(service: .salesforce, action: "Resources")
            ), ("https://hooks.example", "", nil),
            ("\(instance)/", "", nil), ("\(instance)/services/data", "", nil),
        ] as [(String, String, OutboundCall?)])
    private func actions(_ url: String, _ body: String, _ expected: OutboundCall?) {
        #expect(OutboundCall(post(url, body)) == expected)
    }

    @Test("AWS's calls are not measured") func aws() {
        var request = post("https://dynamodb.eu-west-1.amazonaws.com", "action=GetOrders")
        request.signature = AWSSignature(
            region: "r", service: "s", accessKeyId: "k", secretAccessKey: "s", sessionToken: nil)
        #expect(OutboundCall(request) == nil)
    }

    @Test(
        "The answer decides the outcome",
        arguments: [
            (whmcs, 200, #"{"result":"success"}"#, .success),
            (whmcs, 200, #"{"result":"error","message":"m"}"#, .refused),
            (whmcs, 403, #"{"result":"error"}"#, .refused), (whmcs, 200, "\n<html>", .unavailable),
            (whmcs, 200, "", .unavailable), (whmcs, 500, #"{"result":"error"}"#, .unavailable),
            (whmcs, 429, "{}", .unavailable), (salesforce, 200, "{}", .success), (salesforce, 204, "", .success),
            (salesforce, 400, "[]", .refused), (salesforce, 401, "", .refused), (salesforce, 429, "", .unavailable),
            (salesforce, 200, "<html>", .unavailable), (salesforce, 503, "[]", .unavailable),
        ] as [(OutboundCall, Int, String, OutboundCall.Outcome)])
    private func outcomes(_ call: OutboundCall, _ status: Int, _ body: String, _ expected: OutboundCall.Outcome) {
        #expect(call.outcome(Response(status: status, body: Array(body.utf8))) == expected)
    }

    @Test("No answer is none, after the time that it took") func noAnswer() {
        let (metrics, log) = (Metrics(stack: "orders"), LogLines())
        let fake = FakeHTTPClient([.failed(.timedOut, received: true)])
        fake.latency = { _ in 30_000 }
        _ = try? fake.client.measured(by: metrics).send(
            Request("POST", "https://billing.example/api.php", body: Array("action=AddOrder".utf8), isIdempotent: false)
        )
        metrics.write(to: log.log, now: fake.now)
        #expect(log.metrics.map { $0["Outcome"] } == ["Unavailable"])
        #expect(log.metrics.map { $0["CallTime"] } == [30_000])
    }

    @Test(
        "The quota is a percentage of the org's limit",
        arguments: [
            ("api-usage=18/5000", 0.36), ("api-usage=5000/5000", 100),
            ("per-app-api-usage=17/250(appName=x); api-usage=40/80", 50), ("api-usage=1/0", nil), ("api-usage=1", nil),
            ("api-usage=a/b", nil), ("", nil),
        ] as [(String, Double?)])
    func quota(_ header: String, _ expected: Double?) { #expect(quotaUsed(header) == expected) }
}
