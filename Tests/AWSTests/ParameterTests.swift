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

    @Test("GetParameters has the documented form") func getRequest() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"])])
        // A parameter that does not exist is left out.
        #expect(try ParameterStore(.cloud, http.client).get(["/a", "/b"]) == ["/a": "1"])
        let request = try #require(http.requests.first)
        #expect(request.header("X-Amz-Target") == "AmazonSSM.GetParameters")
        #expect(request.text == #"{"Names":["/a","/b"],"WithDecryption":true}"#)
        #expect(request.signature?.service == "ssm")
    }

    @Test("A read may be sent along with other requests") func getAlongWithOthers() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"])])
        let store = ParameterStore(.cloud, http.client)
        let request = store.getRequest(["/a"])
        #expect(request.text == #"{"Names":["/a"],"WithDecryption":true}"#)
        #expect(try store.get(http.client.sendAll([request])[0]) == ["/a": "1"])
    }

    @Test("An answer without parameters is unreadable", arguments: ["{}", #"{"Parameters":{}}"#, "[]"])
    func unreadable(_ body: String) {
        #expect(throws: AWSFailure.unreadable(action: "ssm GetParameters")) {
            try ParameterStore(.cloud, FakeHTTPClient([.answer(200, body)]).client).get(["/a"])
        }
    }

    @Test("PutParameter has the documented form") func putRequest() throws {
        let http = FakeHTTPClient([.answer(200, #"{"Version":2,"Tier":"Advanced"}"#)])
        try ParameterStore(.cloud, http.client).put("/token", "v", policies: [["Type": "X", "Version": "1.0"]])
        let request = try #require(http.requests.first)
        #expect(request.header("X-Amz-Target") == "AmazonSSM.PutParameter")
        #expect(
            JSON(request.body) == [
                "Name": "/token", "Value": "v", "Type": "SecureString", "Overwrite": true, "Tier": "Advanced",
                // JSON in a string.
                "Policies": #"[{"Type":"X","Version":"1.0"}]"#,
            ])
    }

    /// The names in each call.
    private func asked(_ http: FakeHTTPClient) -> [[String]] {
        http.requests.map { JSON($0.body)?["Names"]?.array?.compactMap(\.string) ?? [] }
    }

    @Test("The cache keeps a value for its lifetime") func lifetime() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "old"]), Self.answer(["/a": "new"])])
        let (cache, store) = (ParameterCache(lifetime: 1000), ParameterStore(.cloud, http.client))
        #expect(try cache.get(["/a"], from: store, now: 0) == ["/a": "old"])
        #expect(try cache.get(["/a"], from: store, now: 999) == ["/a": "old"])
        #expect(http.requests.count == 1)
        #expect(try cache.get(["/a"], from: store, now: 1000) == ["/a": "new"])
        #expect(try cache.get(["/a"], from: store, now: 1999) == ["/a": "new"])
        #expect(http.requests.count == 2)
    }

    @Test("The cache reads all missing values in one call") func misses() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"]), Self.answer(["/b": "2", "/c": "3"])])
        let (cache, store) = (ParameterCache(), ParameterStore(.cloud, http.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        #expect(try cache.get(["/c", "/a", "/b"], from: store, now: 1) == ["/a": "1", "/b": "2", "/c": "3"])
        #expect(asked(http) == [["/a"], ["/c", "/b"]])
        #expect(try cache.get(["/b"], from: store, now: 2) == ["/b": "2"])
        #expect(http.requests.count == 2)
    }

    /// A shorter lifetime for one call, as after a rejected token. A longer one changes nothing.
    @Test(
        "A call may require a younger value",
        arguments: [(0, true), (499, true), (500, true), (501, false), (999_999, false)] as [(Int, Bool)])
    func youngerThan(_ limit: Milliseconds, _ readAgain: Bool) throws {
        let http = FakeHTTPClient([Self.answer(["/a": "old"]), Self.answer(["/a": "new"])])
        let (cache, store) = (ParameterCache(lifetime: 1000), ParameterStore(.cloud, http.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        let value = try cache.get(["/a"], from: store, now: 500, youngerThan: limit)["/a"]
        #expect(value == (readAgain ? "new" : "old"))
    }

    @Test("The cache does not remember a missing parameter") func missingIsRead() throws {
        let http = FakeHTTPClient([Self.answer([:]), Self.answer(["/a": "1"])])
        let (cache, store) = (ParameterCache(), ParameterStore(.cloud, http.client))
        #expect(try cache.get(["/a"], from: store, now: 0) == [:])
        #expect(try cache.get(["/a"], from: store, now: 0) == ["/a": "1"])
    }

    /// It leaves at the end of its lifetime.
    @Test("A deleted parameter leaves the cache") func deleted() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"]), Self.answer([:])])
        let (cache, store) = (ParameterCache(lifetime: 10), ParameterStore(.cloud, http.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        #expect(try cache.get(["/a"], from: store, now: 10) == [:])
    }

    private static func refusal(_ status: Int, _ code: String) -> Result<Response, HTTPFailure> {
        .answer(status, #"{"__type":"\#(code)"}"#)
    }

    /// Each row: what the store answers when the value is too old, and whether that is an outage.
    @Test(
        "During an outage the last value is used; a refusal is a failure",
        arguments: [
            (.timedOut, true), (.answer(200, "<html>"), true), (.answer(403, "<html>"), false),
            (.answer(302, ""), false), (refusal(400, "ThrottlingException"), true),
            (refusal(500, "InternalServerError"), true), (refusal(501, "Nobody"), false),
            (refusal(400, "AccessDeniedException"), false), (refusal(400, "ParameterNotFound"), false),
            (refusal(400, "InvalidKeyId"), false),
        ] as [(Result<Response, HTTPFailure>, Bool)])
    func outage(_ answer: Result<Response, HTTPFailure>, _ isOutage: Bool) throws {
        // A read is retried three times.
        let http = FakeHTTPClient([Self.answer(["/a": "1"])] + Array(repeating: answer, count: 4))
        var outages: [AWSFailure] = []
        let cache = ParameterCache(lifetime: 1_000) { outages.append($0) }
        let store = ParameterStore(.cloud, http.client)
        #expect(try cache.get(["/a"], from: store, now: 0) == ["/a": "1"])
        let value = try? cache.get(["/a"], from: store, now: 1_000)
        #expect(value == (isOutage ? ["/a": "1"] : nil))
        #expect(outages.count == (isOutage ? 1 : 0))
    }

    /// Each row: the age of the value, how long it may be used if the call says so, and whether it is.
    @Test(
        "The last value is used for 15 minutes after it was read, or as long as the call says",
        arguments: [
            (300_000, nil, true), (899_999, nil, true), (900_000, nil, false), (10_000_000, nil, false),
            (3_599_999, 3_600_000, true), (3_600_000, 3_600_000, false),
        ] as [(Timestamp, Milliseconds?, Bool)])
    func longestUse(_ now: Timestamp, _ longest: Milliseconds?, _ isUsed: Bool) throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"]), .timedOut])
        let (cache, store) = (ParameterCache(), ParameterStore(.cloud, http.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        let values = try? cache.get(["/a"], from: store, now: now, longestUse: longest ?? 900_000)
        #expect(values == (isUsed ? ["/a": "1"] : nil))
    }

    @Test("A younger value is asked of a failing store no more often than that") func pauseOfYoungerValue() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"]), .timedOut, Self.answer(["/a": "2"])])
        let (cache, store) = (ParameterCache(), ParameterStore(.cloud, http.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        for now: Timestamp in [60_000, 60_001, 119_999] {
            #expect(throws: AWSFailure.self) { try cache.get(["/a"], from: store, now: now, youngerThan: 60_000) }
        }
        #expect(http.requests.count == 2)
        #expect(try cache.get(["/a"], from: store, now: 120_000, youngerThan: 60_000) == ["/a": "2"])
    }

    @Test("After a failure the store is left alone for 30 s, and then read again") func pause() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"]), .timedOut, .timedOut, Self.answer(["/a": "2"])])
        var outages = 0
        let cache = ParameterCache(lifetime: 1_000) { _ in outages += 1 }
        let store = ParameterStore(.cloud, http.client)
        for now: Timestamp in [0, 1_000, 2_000, 30_999] {
            #expect(try cache.get(["/a"], from: store, now: now) == ["/a": "1"])
        }
        #expect((http.requests.count, outages) == (2, 1))
        #expect(try cache.get(["/a"], from: store, now: 31_000) == ["/a": "1"])
        #expect((http.requests.count, outages) == (3, 2))
        #expect(try cache.get(["/a"], from: store, now: 61_000) == ["/a": "2"])
        #expect(try cache.get(["/a"], from: store, now: 61_999) == ["/a": "2"])
        #expect(http.requests.count == 4)
    }

    @Test("An answer ends the pause") func pauseEnds() throws {
        let http = FakeHTTPClient([
            Self.answer(["/a": "1"]), .timedOut, Self.answer(["/b": "2"]), Self.answer(["/a": "3"]),
        ])
        let (cache, store) = (ParameterCache(lifetime: 1_000), ParameterStore(.cloud, http.client))
        for now: Timestamp in [0, 1_000] { #expect(try cache.get(["/a"], from: store, now: now) == ["/a": "1"]) }
        #expect(try cache.get(["/b"], from: store, now: 1_001) == ["/b": "2"], "it was never read")
        #expect(try cache.get(["/a"], from: store, now: 1_002) == ["/a": "3"])
    }

    /// The kept value has just been refused.
    @Test("A younger value cannot be an old one") func outageOfYoungerValue() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"]), .timedOut, .timedOut, .timedOut])
        let (cache, store) = (ParameterCache(lifetime: 1_000), ParameterStore(.cloud, http.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        #expect(throws: AWSFailure.self) { try cache.get(["/a"], from: store, now: 500, youngerThan: 0) }
        #expect(try cache.get(["/a"], from: store, now: 1_000) == ["/a": "1"], "the outage begins")
        #expect(throws: AWSFailure.self) { try cache.get(["/a"], from: store, now: 1_001, youngerThan: 0) }
    }

    @Test("An outage is a failure for a value that was never read") func outageOfUnreadValue() throws {
        let http = FakeHTTPClient([Self.answer(["/a": "1"]), .timedOut, .timedOut])
        let (cache, store) = (ParameterCache(lifetime: 1_000), ParameterStore(.cloud, http.client))
        _ = try cache.get(["/a"], from: store, now: 0)
        #expect(throws: AWSFailure.self) { try cache.get(["/a", "/b"], from: store, now: 1_000) }
        #expect(try cache.get(["/a"], from: store, now: 1_000) == ["/a": "1"])
    }

    @Test("A missing answer is a failure and leaves the cache unchanged") func noAnswer() {
        let http = FakeHTTPClient([.failed(.timedOut, received: true)])
        let expected = AWSFailure.unreachable(
            action: "ssm GetParameters", reason: "scripted")
        #expect(throws: expected) {
            try ParameterCache().get(["/a"], from: ParameterStore(.cloud, http.client), now: 0)
        }
    }
}
