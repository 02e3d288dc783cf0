import Foundation
import JSON
import Lambda
import TestSupport
import Testing

/// The files of `events/`, as the programs read them.
@Suite struct SampleEventTests {
    private static let directory = packageRoot.appending(path: "events")

    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
        .filter { $0.hasSuffix(".json") }.sorted()

    private func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Self.directory.appending(path: name)))
    }

    @Test("Every sample event is read", arguments: names)
    func decodes(_ name: String) throws {
        let bytes = try read(name)
        let event = try #require(JSON(bytes)?.object)
        if event["requestContext"] != nil {
            let request = try HTTPEvent(bytes)
            #expect(request.routeKey.hasPrefix("\(request.method) /"))
            #expect(!request.requestID.isEmpty)
        } else if event["detail-type"] != nil {
            let envelope = try EventBridgeEvent(bytes)
            #expect(!envelope.detailType.isEmpty)
        } else if let queue = try QueueEvent(bytes) {
            #expect(!queue.messages.isEmpty)
        } else {
            #expect(
                name.hasPrefix("invoke-") || name.hasPrefix("recover-"),
                "neither a request nor an event, and not called an invocation")
        }
    }

    @Test(
        "Three samples are the same request",
        arguments: ["fulfill.json", "fulfill-base64.json", "fulfill-rest-v1.json"])
    func requestForms(_ name: String) throws {
        let request = try HTTPEvent(read(name))
        #expect(request.method == "POST")
        #expect(request.routeKey == "POST /orders/{sfOrderId}/fulfill")
        #expect(request.pathParameters == ["sfOrderId": "801Dn0000014UPaIAM"])
        let body = try #require(JSON(request.body))
        #expect(body["orderId"] == "801Dn0000014UPaIAM")
        #expect(body["nonce"]?.string == request.headers["x-sf-nonce"])
        #expect(body["timestamp"]?.string == request.headers["x-sf-timestamp"])
        #expect(request.headers["x-sf-signature"]?.count == 64)
        #expect(request.headers["idempotency-key"] != nil)
    }

    @Test("The policy sample names a parameter") func policyAction() throws {
        let event = try EventBridgeEvent(read("ssm-policy-action.json"))
        #expect(event.detailType == "Parameter Store Policy Action")
        #expect(event.detail["policy-type"] == "NoChangeNotification")
        #expect(event.detail["parameter-name"]?.string?.hasPrefix("/") == true)
    }
}
