import AWS
import Basics
import HTTP
import JSON
import TestSupport
import Testing

@Suite struct ParameterTests {
    private static func answer(_ values: [String: String]) -> Result<Response, HTTPFailure> {
        let parameters = values.map { JSON.object(["Name": .string($0.key), "Value": .string($0.value)]) }
        let body = JSON.object(["Parameters": .array(parameters), "InvalidParameters": []])
        return .answer(200, String(decoding: body.bytes, as: UTF8.self))
    }

    @Test func getBytes() throws {
        let canned = CannedTransport([Self.answer(["/a": "1"])])
        // One that does not exist is left out.
        #expect(try ParameterStore(.cloud, canned.client).get(["/a", "/b"]) == ["/a": "1"])
        let request = try #require(canned.requests.first)
        #expect(request.header("X-Amz-Target") == "AmazonSSM.GetParameters")
        #expect(request.text == #"{"Names":["/a","/b"],"WithDecryption":true}"#)
        #expect(request.signature?.service == "ssm")
    }

    @Test func getTogetherWithOthers() throws {
        let canned = CannedTransport([Self.answer(["/a": "1"])])
        let store = ParameterStore(.cloud, canned.client)
        let request = store.getRequest(["/a"])
        #expect(request.text == #"{"Names":["/a"],"WithDecryption":true}"#)
        #expect(try store.get(canned.client.sendAll([request])[0]) == ["/a": "1"])
    }

    @Test(arguments: ["{}", #"{"Parameters":{}}"#, "[]"])
    func anAnswerWithoutParameters(_ body: String) {
        #expect(throws: AWSFailure.unreadable(action: "ssm GetParameters")) {
            try ParameterStore(.cloud, CannedTransport([.answer(200, body)]).client).get(["/a"])
        }
    }

    @Test func putBytes() throws {
        let canned = CannedTransport([.answer(200, #"{"Version":2,"Tier":"Advanced"}"#)])
        try ParameterStore(.cloud, canned.client).put("/token", "v", policies: [["Type": "X", "Version": "1.0"]])
        let request = try #require(canned.requests.first)
        #expect(request.header("X-Amz-Target") == "AmazonSSM.PutParameter")
        #expect(
            JSON(request.body) == [
                "Name": "/token", "Value": "v", "Type": "SecureString", "Overwrite": true, "Tier": "Advanced",
                // JSON in a string.
                "Policies": #"[{"Type":"X","Version":"1.0"}]"#,
            ])
    }

    /// The names each call asked for.
    private func asked(_ canned: CannedTransport) -> [[String]] {
        canned.requests.map { JSON($0.body)?["Names"]?.array?.compactMap(\.stringOrNumber) ?? [] }
    }

    @Test func aValueIsKeptForItsLifetime() throws {
        let canned = CannedTransport([Self.answer(["/a": "old"]), Self.answer(["/a": "new"])])
        let (cache, store) = (ParameterCache(lifetime: 1000), ParameterStore(.cloud, canned.client))
        #expect(try cache.get(["/a"], from: store, now: 0) == ["/a": "old"])
        #expect(try cache.get(["/a"], from: store, now: 999) == ["/a": "old"])
        #expect(canned.requests.count == 1)
        #expect(try cache.get(["/a"], from: store, now: 1000) == ["/a": "new"])
        #expect(try cache.get(["/a"], from: store, now: 1999) == ["/a": "new"])
        #expect(canned.requests.count == 2)
    }

    @Test func onlyWhatIsNotKeptIsAskedForInOneCall() throws {
        let canned = CannedTransport([Self.answer(["/a": "1"]), Self.answer(["/b": "2", "/c": "3"])])
        let (cache, store) = (ParameterCache(), ParameterStore(.cloud, canned.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        #expect(try cache.get(["/c", "/a", "/b"], from: store, now: 1) == ["/a": "1", "/b": "2", "/c": "3"])
        #expect(asked(canned) == [["/a"], ["/c", "/b"]])
        #expect(try cache.get(["/b"], from: store, now: 2) == ["/b": "2"])
        #expect(canned.requests.count == 2)
    }

    /// A shorter lifetime for once, as after a token that was refused; a longer one changes nothing.
    @Test(arguments: [(0, true), (499, true), (500, true), (501, false), (999_999, false)] as [(Int, Bool)])
    func aYoungerValueMayBeAskedFor(_ limit: Milliseconds, _ readAgain: Bool) throws {
        let canned = CannedTransport([Self.answer(["/a": "old"]), Self.answer(["/a": "new"])])
        let (cache, store) = (ParameterCache(lifetime: 1000), ParameterStore(.cloud, canned.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        let value = try cache.get(["/a"], from: store, now: 500, youngerThan: limit)["/a"]
        #expect(value == (readAgain ? "new" : "old"))
    }

    @Test func whatIsMissingIsAskedForAgain() throws {
        let canned = CannedTransport([Self.answer([:]), Self.answer(["/a": "1"])])
        let (cache, store) = (ParameterCache(), ParameterStore(.cloud, canned.client))
        #expect(try cache.get(["/a"], from: store, now: 0) == [:])
        #expect(try cache.get(["/a"], from: store, now: 0) == ["/a": "1"])
    }

    /// Deleted in the store: gone here as well once its time is up.
    @Test func whatWasDeletedIsNotKept() throws {
        let canned = CannedTransport([Self.answer(["/a": "1"]), Self.answer([:])])
        let (cache, store) = (ParameterCache(lifetime: 10), ParameterStore(.cloud, canned.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        #expect(try cache.get(["/a"], from: store, now: 10) == [:])
    }

    @Test func aStoreThatDoesNotAnswerIsAnError() {
        let canned = CannedTransport([.failed(.timedOut, received: true)])
        let expected = AWSFailure.unreachable(
            action: "ssm GetParameters", reason: "scripted", mayHaveHappened: true)
        #expect(throws: expected) {
            try ParameterCache().get(["/a"], from: ParameterStore(.cloud, canned.client), now: 0)
        }
    }
}
