import Basics
import Foundation
import HTTP
import JSON
import Lambda
import TestSupport
import Testbed
import Testing

@testable import Orders

/// What an attacker, a proxy or a careless sender may do to a request. A refused one leaves no trace in the ledger.
@Suite struct AttackTests {
    private static let good = WebhookRequest().signature

    private static func signature(_ text: String) -> WebhookRequest {
        WebhookRequest(headers: ["x-sf-signature": text])
    }

    /// The signature stays that of the unchanged body.
    private static func body(_ change: (inout [UInt8]) -> Void) -> WebhookRequest {
        var request = WebhookRequest(headers: ["x-sf-signature": good])
        var bytes = request.bodyBytes
        change(&bytes)
        request.body = bytes
        return request
    }

    private static func signed(_ text: String) -> WebhookRequest { WebhookRequest(body: Array(text.utf8)) }

    private static let members = #""timestamp":"2026-11-20T10:15:30Z","nonce":"9f1c4b7e02d85a36""#

    private static func oneBitChanged(_ text: String) -> String {
        String(text.dropLast()) + (text.hasSuffix("0") ? "1" : "0")
    }

    @Test(
        "A signature that is not the body's is refused",
        arguments: [
            signature(String(good.dropLast())), signature(String(good.dropLast(2))), signature(good + "00"),
            signature(good + good), signature("\(good),\(good)"), signature(" \(good)"), signature("sha256=\(good)"),
            signature(oneBitChanged(good)), signature(String(repeating: "0", count: 64)), signature("0x" + good),
            signature(Data(good.utf8).base64EncodedString()),
            // Full-width digits.
            signature(String(good.dropLast()) + "０"),
            WebhookRequest(secret: WebhookRequest.secret + " "), WebhookRequest(secret: ""),
            body { $0[0] ^= 1 }, body { $0[$0.count - 1] ^= 1 }, body { $0[20] ^= 0x20 }, body { $0.append(0x20) },
            body { $0.removeLast() }, body { $0 = [0xef, 0xbb, 0xbf] + $0 }, body { $0 = [] },
            // A read's signature is good for no order, whatever it signs.
            signature(ReadRequest().signature),
            // The signature covers the bytes that base64 stands for; the flag says that this is no base64.
            WebhookRequest(
                body: Array(Data(WebhookRequest().bodyBytes).base64EncodedString().utf8),
                headers: ["x-sf-signature": good]),
        ])
    func forged(_ request: WebhookRequest) throws {
        let harness = try WebhookHarness()
        let answer = try harness.send(request)
        #expect((answer.status, answer.code) == (401, "INVALID_SIGNATURE"))
        #expect(try harness.aws.keys() == [])
        #expect(try harness.aws.takeEvents() == [])
    }

    @Test(
        "Hex digits may have either case",
        arguments: [good.uppercased(), String(good.prefix(32)) + good.dropFirst(32).uppercased()])
    func signatureCase(_ text: String) throws {
        #expect(try WebhookHarness().send(Self.signature(text)).status == 202)
    }

    @Test(
        "A signed body that is no request is refused",
        arguments: [
            (signed(String(repeating: "[", count: 16_000)), 415),
            (signed(#"{"a":"# + String(repeating: "[", count: 600) + String(repeating: "]", count: 600) + "}"), 415),
            (
                signed(
                    #"{"a":"# + String(repeating: #"{"a":"#, count: 2_000) + "1" + String(repeating: "}", count: 2_001)),
                415
            ),
            (signed(#"{"a":"# + String(repeating: "9", count: 10_000) + "}"), 415),
            (signed(#"{"a":1e999}"#), 415), (signed(#"{"a":"\ud800"}"#), 415), (signed("{}{}"), 415),
            (WebhookRequest(body: Array(#"{"a":""#.utf8) + [0xc0, 0xaf] + Array(#""}"#.utf8), isBase64: true), 415),
            (WebhookRequest(body: Array("\u{feff}{}".utf8)), 400),
            (WebhookRequest(body: [0x1f, 0x8b, 8, 0], isBase64: true), 415),
            // The last of two members counts, and the path must agree with it.
            (signed(#"{"orderId":"\#(Seed.order)","orderId":"\#(Seed.otherOrder)",\#(members)}"#), 400),
            (signed(#"{"orderId":"\#(Seed.order)","order\u0049d":"\#(Seed.otherOrder)",\#(members)}"#), 400),
            // The 15 characters of another case are another order; three wrong ones are none.
            (WebhookRequest(path: Seed.order.lowercased()), 400), (WebhookRequest(path: "801DN0000014UPA"), 400),
            (WebhookRequest(path: "801Dn0000014UPaAAA"), 400), (WebhookRequest(path: Seed.order + "/"), 400),
            (WebhookRequest(path: Seed.otherOrder), 400), (WebhookRequest(orderID: Seed.otherOrder), 400),
            (WebhookRequest(orderID: "801' OR Id != '"), 400), (WebhookRequest(orderID: "801Dn0000014UP\u{430}"), 400),
            (WebhookRequest(headers: ["x-sf-nonce": "9f1c4b7e02d85a37"]), 400),
            (WebhookRequest(headers: ["x-sf-nonce": "9f1c4b7e02d85a36,9f1c4b7e02d85a36"]), 400),
            (WebhookRequest(headers: ["x-sf-timestamp": "2026-11-20T10:15:30Z,2026-11-20T10:15:30Z"]), 400),
            (WebhookRequest(headers: ["x-sf-timestamp": "2026-11-20T10:15:30.001Z"]), 400),
        ] as [(WebhookRequest, Int)])
    func malformed(_ request: WebhookRequest, _ status: Int) throws {
        let harness = try WebhookHarness()
        let answer = try harness.send(request)
        #expect(answer.status == status, "\(answer.text)")
        #expect(try harness.aws.keys() == [])
    }

    /// In ms; how far the sender's clock is ahead.
    @Test(
        "A time is accepted up to the tolerance, to the millisecond",
        arguments: [(300_000, true), (300_001, false), (-300_000, true), (-300_001, false)])
    func tolerance(_ skew: Milliseconds, _ isAccepted: Bool) throws {
        let time = Timestamp.requestTime + skew
        for text in [time.iso8601, String(time.milliseconds)] {
            let answer = try WebhookHarness().send(WebhookRequest(timestamp: text))
            #expect(answer.status == (isAccepted ? 202 : 401))
            #expect(answer.code == (isAccepted ? nil : "STALE_TIMESTAMP"))
        }
    }

    @Test(
        "Local time with a Z is named as such",
        arguments: ["2026-11-20T11:15:30Z", "2026-11-20T05:15:30Z", "2026-11-20T15:45:31Z", "2026-11-20T18:15:00Z"])
    func localTime(_ text: String) throws {
        let answer = try WebhookHarness().send(WebhookRequest(timestamp: text))
        #expect((answer.status, answer.code) == (401, "STALE_TIMESTAMP"))
        #expect(answer.detail?.contains("looks like local time marked as UTC") == true)
    }

    @Test("Many and long headers change nothing") func headerFlood() throws {
        let harness = try WebhookHarness(["SF_WEBHOOK_IP_ALLOWLIST": "203.0.113.25"])
        var flood = Dictionary(
            uniqueKeysWithValues: (0..<5_000).map { ("x-flood-\($0)", Optional(String(repeating: "é", count: 50))) })
        flood["x-forwarded-for"] = Array(repeating: "198.51.100.1", count: 10_000).joined(separator: ", ")
        #expect(try harness.send(WebhookRequest(headers: flood)).status == 202)
        flood["x-forwarded-for"] = "203.0.113.25"
        let foreign = WebhookRequest(sourceIP: "198.51.100.1", headers: flood)
        #expect(try harness.send(foreign).code == "ADDRESS_NOT_ALLOWED")
    }

    @Test("A header in two spellings is none of them") func doubledHeader() throws {
        let answer = try WebhookHarness().send(WebhookRequest(headers: ["X-SF-Signature": Self.good]))
        #expect((answer.status, answer.code) == (401, "INVALID_SIGNATURE"))
    }

    // MARK: Replay

    @Test("Of one request, sent 50 times at once, one is accepted") func fiftyAtOnce() throws {
        let aws = try SimulatedAccount()
        // Fifty processes.
        nonisolated(unsafe) let harnesses = try (0..<50).map { _ in try WebhookHarness(aws: aws) }
        let answers = Recorder<String>()
        DispatchQueue.concurrentPerform(iterations: harnesses.count) { index in
            let answer = try? harnesses[index].send(WebhookRequest())
            answers.append(answer.map { $0.code ?? String($0.status) } ?? "error")
        }
        #expect(answers.values.sorted() == ["202"] + Array(repeating: "NONCE_REUSED", count: 49))
        #expect(try aws.takeEvents().count == 1)
        #expect(try aws.order(Seed.order)["attempt"] == 1)
    }

    @Test("A replay is refused after a restart, and after the nonce's item has expired", arguments: [0, 299_999])
    func restart(_ later: Milliseconds) throws {
        let harness = try WebhookHarness()
        #expect(try harness.send(WebhookRequest()).status == 202)
        try harness.start()
        harness.network.now += later
        #expect(try harness.send(WebhookRequest()).code == "NONCE_REUSED")
        #expect(try harness.send(WebhookRequest(key: "key-2")).code == "NONCE_REUSED")
        // Its nonce has no claim any more, and its time is over.
        harness.network.now = .requestTime + 900_000
        #expect(try harness.send(WebhookRequest()).code == "STALE_TIMESTAMP")
    }

    // MARK: The body's own key and organization

    private static func keyed(_ json: String, header: String? = "key-1", _ nonce: String = "9f1c4b7e02d85a36")
        -> WebhookRequest
    {
        let text =
            #"{"orderId":"\#(Seed.order)","timestamp":"2026-11-20T10:15:30Z","nonce":"\#(nonce)","idempotencyKey":\#(json)}"#
        return WebhookRequest(body: Array(text.utf8), nonce: nonce, headers: ["idempotency-key": header])
    }

    @Test("The signed body's key wins over the header's") func signedKey() throws {
        let harness = try WebhookHarness()
        #expect(try harness.send(Self.keyed(#""signed""#)).status == 202)
        // Whoever changes the header changes nothing.
        let changed = try harness.send(Self.keyed(#""signed""#, header: "other", "another-nonce-02"))
        #expect(changed.headers["Idempotency-Replayed"] == "true")
        let without = try harness.send(Self.keyed(#""signed""#, header: nil, "another-nonce-03"))
        #expect(without.headers["Idempotency-Replayed"] == "true")
        let number = try harness.send(Self.keyed("7", header: nil, "another-nonce-04"))
        #expect((number.status, number.headers["Idempotency-Replayed"]) == (202, nil))
    }

    @Test(
        "A key in the body must be visible characters; null is none",
        arguments: [
            ("null", "key-1", true), ("null", nil, false), ("\"\"", "key-1", false), (#""a b""#, "key-1", false),
            ("true", "key-1", false), ("[]", "key-1", false), (#""ä""#, "key-1", false),
        ] as [(String, String?, Bool)])
    func signedKeyForm(_ json: String, _ header: String?, _ isAccepted: Bool) throws {
        let answer = try WebhookHarness().send(Self.keyed(json, header: header))
        #expect(answer.status == (isAccepted ? 202 : 400))
    }

    /// 00DDn000000AbCd and its 18-character form.
    @Test(
        "Only the configured organization may send",
        arguments: [
            (nil, nil, 202, nil), (nil, #""anything""#, 202, nil),
            ("00DDn000000AbCd", #""00DDn000000AbCd""#, 202, nil),
            ("00DDn000000AbCd", #""00DDn000000AbCdMAK""#, 202, nil),
            ("00DDn000000AbCdMAK", #""00DDn000000AbCd""#, 202, nil),
            ("00DDn000000AbCd", nil, 400, "INVALID_REQUEST"), ("00DDn000000AbCd", "null", 400, "INVALID_REQUEST"),
            ("00DDn000000AbCd", #""00D""#, 400, "INVALID_REQUEST"),
            ("00DDn000000AbCd", #""00DDn000000AbCe""#, 403, "ORGANIZATION_NOT_ALLOWED"),
            ("00DDn000000AbCd", #""00DDn000000ABCD""#, 403, "ORGANIZATION_NOT_ALLOWED"),
        ] as [(String?, String?, Int, String?)])
    func organization(_ configured: String?, _ sent: String?, _ status: Int, _ code: String?) throws {
        let harness = try WebhookHarness(configured.map { ["SF_ORGANIZATION_ID": $0] } ?? [:])
        let member = sent.map { #","organizationId":\#($0)"# } ?? ""
        let answer = try harness.send(Self.signed(#"{"orderId":"\#(Seed.order)",\#(Self.members)\#(member)}"#))
        #expect((answer.status, answer.code) == (status, code), "\(answer.text)")
        #expect(try harness.aws.keys().isEmpty == (status != 202))
    }
}
