import Basics
import JSON
import Lambda
import Testbed
import Testing

@testable import Orders
@testable import Salesforce

@Suite struct FulfillmentRequestTests {
    private static func read(_ request: WebhookRequest) throws -> FulfillmentRequest {
        try FulfillmentRequest(HTTPEvent(request.payload))
    }

    private static func body(_ text: String) -> WebhookRequest { WebhookRequest(body: Array(text.utf8)) }

    @Test(
        "A request is read in each form of its id and its time",
        arguments: [
            WebhookRequest(),
            WebhookRequest(path: "801Dn0000014UPa"),
            WebhookRequest(orderID: "801Dn0000014UPa"),
            WebhookRequest(path: "801Dn0000014UPa", orderID: "801Dn0000014UPa"),
            WebhookRequest(timestamp: "2026-11-20T10:15:30.000+00:00"),
            WebhookRequest(headers: ["x-sf-timestamp": "1795169730"]),
            body(#"{"orderId":"801Dn0000014UPa","timestamp":1795169730,"nonce":"9f1c4b7e02d85a36"}"#),
            body(
                "\n { \"more\": [null] ,\"nonce\":\"9f1c4b7e02d85a36\",\t\"timestamp\":1795169730000,\"orderId\":\"801Dn0000014UPaIAM\"}"
            ),
        ])
    func valid(_ request: WebhookRequest) throws {
        let request = try Self.read(request)
        #expect(request.orderID.text == Seed.order)
        #expect(request.timestamp == .requestTime)
        #expect(request.requestedAt == .requestTime)
        #expect(request.nonce == "9f1c4b7e02d85a36")
        #expect(request.idempotencyKey == "key-1")
    }

    private static let orderID = "orderId in the body must be a Salesforce id of 15 or 18 characters"
    private static let timestamp = "timestamp in the body must be ISO 8601 with a zone, or Unix time in s or ms"
    private static let requestedAt = "requestedAt in the body must be ISO 8601 with a zone, or Unix time in s or ms"
    private static let nonce = "nonce in the body must be 16 to 128 visible characters"
    private static let path = "the order id in the path is not the orderId in the body"
    private static let timestampHeader = "X-SF-Timestamp must be set and agree with timestamp in the body"
    private static let nonceHeader = "X-SF-Nonce must be set and agree with nonce in the body"
    private static let key =
        "Idempotency-Key, or idempotencyKey in the body, must be set to 1 to 255 visible characters"

    @Test(
        "The refusal names the first fault",
        arguments: [
            (body("[]"), "the body must be a JSON object"),
            (body("null"), "the body must be a JSON object"),
            (body("\"801Dn0000014UPaIAM\""), "the body must be a JSON object"),
            (body("{}"), orderID),
            (body(#"{"orderId":null}"#), orderID),
            (body(#"{"orderId":["801Dn0000014UPaIAM"]}"#), orderID),
            (body(#"{"OrderId":"801Dn0000014UPaIAM"}"#), orderID),
            (WebhookRequest(orderID: ""), orderID),
            (WebhookRequest(orderID: "801Dn0000014UP"), orderID),
            (WebhookRequest(orderID: "801Dn0000014UPaIAN"), orderID),
            (WebhookRequest(orderID: "801Dn0000014UP'"), orderID),
            (body(#"{"orderId":"801Dn0000014UPa"}"#), timestamp),
            (body(#"{"orderId":"801Dn0000014UPa","timestamp":true}"#), timestamp),
            (WebhookRequest(timestamp: "2026-11-20T10:15:30"), timestamp),
            (WebhookRequest(timestamp: "2026-02-30T10:15:30Z"), timestamp),
            (WebhookRequest(timestamp: "NaN"), timestamp),
            (body(#"{"orderId":"801Dn0000014UPa","timestamp":1795169730.5}"#), timestamp),
            (body(#"{"orderId":"801Dn0000014UPa","timestamp":"1795169730"}"#), nonce),
            (body(#"{"orderId":"801Dn0000014UPa","timestamp":"1795169730","requestedAt":"yesterday"}"#), requestedAt),
            (body(#"{"orderId":"801Dn0000014UPa","timestamp":"1795169730","requestedAt":[]}"#), requestedAt),
            (
                body(#"{"orderId":"801Dn0000014UPa","timestamp":"1795169730","requestedAt":"1795169732"}"#),
                "requestedAt in the body must not be after timestamp; is it UTC?"
            ),
            (WebhookRequest(nonce: ""), nonce),
            (WebhookRequest(nonce: "fifteen-letters"), nonce),
            (WebhookRequest(nonce: String(repeating: "n", count: 129)), nonce),
            (WebhookRequest(nonce: "sixteen characters"), nonce),
            (WebhookRequest(nonce: "not-ascii-nönce-"), nonce),
            (WebhookRequest(path: "801Dn0000014UPb"), path),
            (WebhookRequest(path: "801Dn0000014UPA"), path),
            (WebhookRequest(path: ""), path),
            (WebhookRequest(headers: ["x-sf-timestamp": nil]), timestampHeader),
            (WebhookRequest(headers: ["x-sf-timestamp": "2026-11-20T10:15:31Z"]), timestampHeader),
            (WebhookRequest(headers: ["x-sf-timestamp": "yesterday"]), timestampHeader),
            (WebhookRequest(headers: ["x-sf-nonce": nil]), nonceHeader),
            (WebhookRequest(headers: ["x-sf-nonce": "9F1C4B7E02D85A36"]), nonceHeader),
            (WebhookRequest(headers: ["idempotency-key": nil]), key),
            (WebhookRequest(key: ""), key),
            (WebhookRequest(key: "two words"), key),
            (WebhookRequest(key: String(repeating: "k", count: 256)), key),
        ] as [(WebhookRequest, String)])
    func invalid(_ request: WebhookRequest, _ detail: String) {
        #expect(throws: ProblemDetails(400, "INVALID_REQUEST", detail)) { try Self.read(request) }
    }

    @Test(
        "A body that is not JSON is an unsupported media type",
        arguments: ["", "{", "orderId=801Dn0000014UPaIAM", "<xml/>", "{\"orderId\":NaN}"])
    func notJSON(_ text: String) {
        #expect(throws: ProblemDetails(415, "UNSUPPORTED_MEDIA_TYPE", "the body is not JSON")) {
            try Self.read(Self.body(text))
        }
    }

    @Test("A nonce has 16 to 128 characters", arguments: [16, 128]) func nonceLength(_ length: Int) throws {
        let nonce = String(repeating: "~", count: length)
        #expect(try Self.read(WebhookRequest(nonce: nonce)).nonce == nonce)
    }
}
