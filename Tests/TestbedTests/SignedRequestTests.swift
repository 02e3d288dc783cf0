import Basics
import Crypto
import Foundation
import JSON
import TestSupport
import Testing

@testable import Testbed

@Suite struct SignedRequestTests {
    @Test("The signature is that of the body that is sent")
    func signsTheBody() throws {
        let request = SignedRequest(orderId: "801Dn0000014UPaIAM", at: 1_795_169_730_000)
        let body = try #require(JSON(request.body))
        #expect(request.timestamp == "2026-11-20T10:15:30Z")
        #expect(body["timestamp"]?.string == request.headers["x-sf-timestamp"])
        #expect(body["nonce"]?.string == request.headers["x-sf-nonce"])
        #expect(
            request.signature == hex(hmacSHA256(key: Array(TestbedSecrets.webhook.utf8), message: request.body)))
    }

    @Test(
        "A sample is renewed: time, nonce, key and signature",
        arguments: ["fulfill.json", "fulfill-base64.json", "fulfill-rest-v1.json"])
    func renewsASample(name: String) throws {
        let now: Timestamp = 1_800_000_000_000
        let old = try sampleEvent(name)
        let new = try #require(RecordedRequest.renewed(old, now: now))
        let headers = (new["headers"]?.object ?? [:]).map { ($0.key.lowercased(), $0.value.string ?? "") }
        let byName = Dictionary(headers) { $1 }
        let text = try #require(new["body"]?.string)
        let body =
            new["isBase64Encoded"] == true ? [UInt8](try #require(Data(base64Encoded: text))) : Array(text.utf8)
        #expect(byName["x-sf-signature"] == WebhookSigner().signature(of: body))
        #expect(byName["x-sf-timestamp"] == now.iso8601Seconds)
        #expect(JSON(body)?["timestamp"]?.string == now.iso8601Seconds)
        #expect(JSON(body)?["nonce"]?.string == byName["x-sf-nonce"])
        #expect(JSON(body)?["orderId"] == "801Dn0000014UPaIAM")
        #expect(new["headers"]?.object?.keys.sorted() == old["headers"]?.object?.keys.sorted())
        #expect(new["headers"] != old["headers"])
        #expect(new["pathParameters"] == old["pathParameters"])
        if let lists = new["multiValueHeaders"]?.object {
            #expect(lists["X-SF-Signature"] == [.string(byName["x-sf-signature"] ?? "")])
        }
    }

    @Test("A signed read is renewed: time and signature", arguments: ["status.json", "health-signed.json"])
    func renewsARead(name: String) throws {
        let now: Timestamp = 1_800_000_000_000
        let old = try sampleEvent(name)
        let new = try #require(RecordedRequest.renewed(old, now: now))
        let signed = "GET\n\(old["rawPath"]?.string ?? "")\n\(now.iso8601Seconds)"
        #expect(new["headers"]?["x-sf-timestamp"]?.string == now.iso8601Seconds)
        #expect(new["headers"]?["x-sf-signature"]?.string == WebhookSigner().signature(of: Array(signed.utf8)))
        #expect(new["body"] == nil)
        #expect(new["routeKey"] == old["routeKey"])
    }

    @Test("A stale sample stays stale")
    func keepsAStaleSampleStale() throws {
        let now: Timestamp = 1_800_000_000_000
        let new = try #require(RecordedRequest.renewed(sampleEvent("fulfill-stale.json"), now: now))
        #expect(new["headers"]?["x-sf-timestamp"]?.string == (now - 600_000).iso8601Seconds)
    }

    @Test(
        "Samples without a valid signature stay as they are",
        arguments: ["fulfill-bad-signature.json", "health.json", "schedule.json", "invoke-refresh.json"])
    func renewsNothingElse(name: String) throws {
        #expect(RecordedRequest.renewed(try sampleEvent(name)) == nil)
    }
}
