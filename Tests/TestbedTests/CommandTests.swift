import Basics
import Crypto
import Foundation
import JSON
import Testing

@testable import Testbed

@Suite struct LambdaCommandTests {
    @Test(arguments: [
        ("up", Command.up(port: 4242)), ("up --port 0", .up(port: 0)), ("up --port 5000", .up(port: 5000)),
        ("invoke f e.json", .invoke(function: "f", file: "e.json", asIs: false)),
        ("invoke --as-is f e.json", .invoke(function: "f", file: "e.json", asIs: true)),
        ("invoke f e.json --as-is", .invoke(function: "f", file: "e.json", asIs: true)),
        ("fulfill 801", .fulfill(orderId: "801", key: nil, timeout: 120)),
        ("fulfill 801 --key k --timeout 1.5", .fulfill(orderId: "801", key: "k", timeout: 1.5)),
        ("fulfill --key k 801", .fulfill(orderId: "801", key: "k", timeout: 120)),
    ])
    func understands(line: String, command: Command) throws {
        #expect(try Command.parse(line.split(separator: " ").map(String.init)) == command)
    }

    @Test(arguments: [
        ("", "A command is missing."), ("down", "There is no command down."), ("up now", "What is now?"),
        ("up --port", "--port takes a value."), ("up --port x", "--port takes a number up to 65535, not x."),
        ("up --port 70000", "--port takes a number up to 65535, not 70000."),
        ("invoke", "Missing: the function's name."), ("invoke f", "Missing: the event's file."),
        ("invoke f e.json more", "What is more?"), ("invoke --fast f", "Missing: the function's name."),
        ("fulfill", "Missing: the order's id."), ("fulfill 801 --timeout 0", "--timeout takes seconds, not 0."),
    ])
    func refuses(line: String, message: String) {
        #expect(throws: Command.UsageError(description: message)) {
            try Command.parse(line.split(separator: " ").map(String.init))
        }
    }
}

@Suite struct LambdaSignedRequestTests {
    @Test func signsTheBodyItSends() throws {
        let request = SignedRequest(orderId: "801Dn0000014UPaIAM", at: Date(milliseconds: 1_795_169_730_000))
        let body = try #require(JSON(request.body))
        #expect(request.timestamp == "2026-11-20T10:15:30Z")
        #expect(body["timestamp"]?.string == request.headers["x-sf-timestamp"])
        #expect(body["nonce"]?.string == request.headers["x-sf-nonce"])
        #expect(
            request.signature == hex(hmacSHA256(key: Array(LocalSecrets.webhook.utf8), message: request.body)))
    }

    @Test(arguments: ["fulfill.json", "fulfill-base64.json", "fulfill-rest-v1.json"])
    func renewsASample(name: String) throws {
        let now = Date(milliseconds: 1_800_000_000_000)
        let old = try sample(name)
        let new = try #require(RecordedRequest.renewed(old, now: now))
        let headers = (new["headers"]?.object ?? [:]).map { ($0.key.lowercased(), $0.value.string ?? "") }
        let byName = Dictionary(headers) { $1 }
        let text = try #require(new["body"]?.string)
        let body =
            new["isBase64Encoded"] == true ? [UInt8](try #require(Data(base64Encoded: text))) : Array(text.utf8)
        #expect(byName["x-sf-signature"] == SignedRequest.sign(body, LocalSecrets.webhook))
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

    @Test func whatWasStaleStaysStale() throws {
        let now = Date(milliseconds: 1_800_000_000_000)
        let new = try #require(RecordedRequest.renewed(sample("fulfill-stale.json"), now: now))
        #expect(new["headers"]?["x-sf-timestamp"]?.string == (now - 600).iso8601Seconds)
    }

    @Test(arguments: ["fulfill-bad-signature.json", "status.json", "schedule.json", "invoke-refresh.json"])
    func leavesTheRestAlone(name: String) throws {
        #expect(RecordedRequest.renewed(try sample(name)) == nil)
    }
}
