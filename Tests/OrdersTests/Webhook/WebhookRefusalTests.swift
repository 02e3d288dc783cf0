import Foundation
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

/// Which requests verify-signature refuses before it writes anything, and which it accepts.
@Suite struct WebhookRefusalTests {
    /// A valid request whose body has that many bytes.
    private static func padded(_ size: Int) -> WebhookRequest {
        var request = WebhookRequest()
        request.body = request.bodyBytes + [UInt8](repeating: 0x20, count: size - request.bodyBytes.count)
        return request
    }

    private static let tenMinutesAgo = "2026-11-20T10:05:30Z"

    @Test(
        "A refused request leaves no trace",
        arguments: [
            (WebhookRequest(headers: ["x-sf-signature": nil]), 401, "INVALID_SIGNATURE", "X-SF-Signature is missing"),
            (
                WebhookRequest(secret: "another"), 401, "INVALID_SIGNATURE",
                "X-SF-Signature is not the hex HMAC-SHA256 of the body as it was sent"
            ),
            (
                WebhookRequest(headers: ["x-sf-signature": ""]), 401, "INVALID_SIGNATURE",
                "X-SF-Signature is not the hex HMAC-SHA256 of the body as it was sent"
            ),
            (
                WebhookRequest(timestamp: tenMinutesAgo), 401, "STALE_TIMESTAMP",
                "timestamp is 10 min behind this server's clock"
            ),
            (
                WebhookRequest(timestamp: "2026-11-20T10:25:30Z"), 401, "STALE_TIMESTAMP",
                "timestamp is 10 min ahead of this server's clock"
            ),
            (
                WebhookRequest(timestamp: "2026-11-20T11:15:30Z"), 401, "STALE_TIMESTAMP",
                "timestamp is 60 min ahead of this server's clock; it looks like local time marked as UTC: use formatGmt in Apex"
            ),
            (
                WebhookRequest(headers: ["idempotency-key": nil]), 400, "INVALID_REQUEST",
                "Idempotency-Key, or idempotencyKey in the body, must be set to 1 to 255 visible characters"
            ),
            (
                WebhookRequest(path: Seed.otherOrder), 400, "INVALID_REQUEST",
                "the order id in the path is not the orderId in the body"
            ),
            (padded(16_385), 413, "PAYLOAD_TOO_LARGE", "the body must not exceed 16 KiB"),
            (WebhookRequest(body: Array("orderId=801".utf8)), 415, "UNSUPPORTED_MEDIA_TYPE", "the body is not JSON"),
            (
                WebhookRequest(
                    body: Array(#"{"orderId":"801"#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8), isBase64: true), 415,
                "UNSUPPORTED_MEDIA_TYPE", "the body is not JSON"
            ),
            (WebhookRequest(body: []), 415, "UNSUPPORTED_MEDIA_TYPE", "the body is not JSON"),
            (
                WebhookRequest(sourceIP: "198.51.100.1"), 403, "ADDRESS_NOT_ALLOWED",
                "the source address is not on the allow-list"
            ),
            (
                WebhookRequest(sourceIP: "198.51.100.1", headers: ["x-forwarded-for": "203.0.113.25"]), 403,
                "ADDRESS_NOT_ALLOWED",
                "the source address is not on the allow-list"
            ),
            // The signature is checked first: an unsigned body gets no further hint.
            (
                WebhookRequest(timestamp: tenMinutesAgo, secret: "another"), 401, "INVALID_SIGNATURE",
                "X-SF-Signature is not the hex HMAC-SHA256 of the body as it was sent"
            ),
            (
                WebhookRequest(body: Array("{}".utf8), headers: ["x-sf-signature": nil]), 401, "INVALID_SIGNATURE",
                "X-SF-Signature is missing"
            ),
        ] as [(WebhookRequest, Int, String, String)])
    func refused(_ request: WebhookRequest, _ status: Int, _ code: String, _ detail: String) throws {
        let harness = try WebhookHarness(["SF_WEBHOOK_IP_ALLOWLIST": "203.0.113.0/24"])
        let answer = try harness.send(request)
        #expect(answer.status == status)
        #expect(answer.headers == ["Content-Type": "application/problem+json"])
        #expect((answer.code, answer.detail) == (code, detail))
        #expect((answer.body["requestId"], answer.body["type"]) == ("api-1", "about:blank"))
        #expect(answer.body["status"]?.integer == status)
        #expect(
            Set((answer.body.object ?? [:]).keys) == ["type", "title", "status", "code", "detail", "requestId"])
        #expect(try harness.aws.keys() == [])
        #expect(try harness.aws.takeEvents() == [])
    }

    @Test(
        "A signed request is accepted",
        arguments: [
            padded(16_384),
            WebhookRequest(timestamp: "2026-11-20T10:10:30Z"),
            WebhookRequest(timestamp: "2026-11-20T10:20:30Z"),
            WebhookRequest(isBase64: true),
            WebhookRequest(isREST: true),
            WebhookRequest(isBase64: true, isREST: true),
            WebhookRequest(headers: ["x-sf-signature": WebhookRequest().signature.uppercased()]),
            WebhookRequest(headers: ["x-sf-timestamp": "1795169730000"]),
            // The signature covers the bytes as they were sent.
            WebhookRequest(
                body: Array(
                    "\r\n{ \"nonce\" : \"9f1c4b7e02d85a36\",\"note\":\"Zahlung fällig – ✓\\u0000\",\n\"timestamp\":\"2026-11-20T10:15:30Z\",\"orderId\":\"801Dn0000014UPaIAM\" }\n"
                        .utf8)),
            WebhookRequest(
                body: Array(
                    "{\"nonce\":\"9f1c4b7e02d85a36\",\"note\":\"Zahlung fällig – ✓\",\"timestamp\":1795169730,\"orderId\":\"801Dn0000014UPa\"}"
                        .utf8), isBase64: true),
        ])
    func accepted(_ request: WebhookRequest) throws {
        let harness = try WebhookHarness(["SF_WEBHOOK_IP_ALLOWLIST": "203.0.113.0/24"])
        let answer = try harness.send(request)
        #expect(answer.status == 202, "\(answer.text)")
        #expect(answer.body == .accepted())
        #expect(answer.hasMultiValueHeaders == request.isREST)
    }

    /// With the secret that signed them, at the time they were recorded.
    @Test(
        "The recorded events are answered",
        arguments: [
            ("fulfill", 202, nil), ("fulfill-base64", 202, nil), ("fulfill-rest-v1", 202, nil),
            ("fulfill-bad-signature", 401, "INVALID_SIGNATURE"), ("fulfill-stale", 401, "STALE_TIMESTAMP"),
        ] as [(String, Int, String?)])
    func recordedEvents(_ name: String, _ status: Int, _ code: String?) throws {
        let harness = try WebhookHarness(secret: "local-webhook-secret-do-not-use-elsewhere")
        let sample = try Data(contentsOf: packageRoot.appending(path: "events/\(name).json"))
        let answer = try harness.send([UInt8](sample))
        #expect(answer.status == status, "\(answer.text)")
        #expect(answer.code == code)
    }

    @Test("An event that is not a request is an error of the invocation") func malformedEvent() throws {
        let harness = try WebhookHarness()
        #expect(throws: FunctionError.self) { try harness.send(Array(#"{"detail":{}}"#.utf8)) }
        let notBase64 =
            #"{"rawPath":"/","requestContext":{"http":{"method":"POST","sourceIp":"192.0.2.1"}},"#
            + #""body":"§","isBase64Encoded":true}"#
        #expect(throws: FunctionError("MalformedEvent", "the event's body is flagged as base64 and is not")) {
            try harness.send(Array(notBase64.utf8))
        }
    }
}
