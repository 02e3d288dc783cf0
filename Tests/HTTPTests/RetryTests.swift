import Basics
import HTTP
import TestSupport
import Testing

/// What the client does above its transport: retries, waits, deadlines. No network and no real clock.
@Suite struct RetryTests {
    private func get(isIdempotent: Bool = true, timeout: Milliseconds? = 10_000) -> Request {
        Request("GET", "https://example.com/", timeout: timeout, isIdempotent: isIdempotent)
    }

    @Test(arguments: [429, 500, 502, 503, 504])
    func aPassingStatusIsTriedAgain(_ status: Int) throws {
        let canned = CannedTransport([.answer(status), .answer(200, "done")])
        #expect(try canned.client.send(get()).text == "done")
        #expect(canned.requests.count == 2)
        #expect(canned.sleeps == [100])
    }

    @Test(arguments: [200, 204, 301, 400, 401, 403, 404, 409, 413, 501])
    func anyOtherStatusIsTheAnswer(_ status: Int) throws {
        let canned = CannedTransport([.answer(status)])
        #expect(try canned.client.send(get()).status == status)
        #expect(canned.sleeps.isEmpty)
    }

    /// A connection that was refused or broke is worth another try; the rest would fail the same way, or took all the
    /// time there was.
    @Test(arguments: [
        (HTTPFailure.Kind.notConnected, 4), (.broken, 4), (.refused, 1), (.timedOut, 1), (.tooLarge, 1),
    ])
    func onlyConnectionFailuresAreTriedAgain(_ kind: HTTPFailure.Kind, tries: Int) {
        let canned = CannedTransport(Array(repeating: .failed(kind, received: true), count: 4))
        #expect(throws: HTTPFailure(kind, mayHaveBeenReceived: true, "scripted")) { try canned.client.send(get()) }
        #expect(canned.requests.count == tries)
    }

    @Test func backsOffExponentiallyAndGivesUpAfterThreeRepeats() throws {
        let canned = CannedTransport(Array(repeating: .answer(503, "busy"), count: 9))
        #expect(try canned.client.send(get()).text == "busy")
        #expect(canned.requests.count == 4)
        #expect(canned.jitterBounds == [100, 200, 400])
        #expect(canned.sleeps == [100, 200, 400])
    }

    @Test(
        arguments: [.answer(503), .failed(.broken, received: true), .failed(.notConnected, received: false)]
            as [Result<Response, HTTPFailure>])
    func whatMayNotBeRepeatedNeverIs(_ result: Result<Response, HTTPFailure>) {
        let canned = CannedTransport([result, .answer(200)])
        _ = try? canned.client.send(get(isIdempotent: false))
        #expect(canned.requests.count == 1)
        #expect(canned.sleeps.isEmpty)
    }

    @Test(arguments: [
        ("2", 2000), ("0", 0), ("10", 10_000),
        // No longer than ten seconds: an invocation has no more to give.
        ("3600", 10_000), ("-5", 0),
        // What is no number of seconds is no advice.
        ("Fri, 20 Nov 2026 10:15:30 GMT", 100), ("", 100), ("1.5", 100),
    ])
    func waitsAsRetryAfterAsks(_ value: String, _ wait: Int) throws {
        let canned = CannedTransport([.answer(429, headers: [Header("retry-after", value)]), .answer(200)])
        #expect(try canned.client.send(get()).status == 200)
        #expect(canned.sleeps == [wait])
    }

    @Test func aRequestMayHaveItsOwnIdeaOfTransient() throws {
        var request = get()
        request.isRetryable = { $0.text == "throttled" }
        let canned = CannedTransport([.answer(400, "throttled"), .answer(503)])
        #expect(try canned.client.send(request).status == 503)
        #expect(canned.requests.count == 2)
    }

    /// Of several requests only those in trouble go out again, together, after the longest of their waits; every
    /// answer stands where its request stood.
    @Test func ofSeveralOnlyThoseInTroubleAreSentAgain() throws {
        let requests = ["a", "b", "c", "d"].map {
            Request("GET", "https://example.com/\($0)", isIdempotent: $0 != "d")
        }
        let canned = CannedTransport([
            .answer(503, "a", headers: [Header("Retry-After", "1")]), .answer(200, "b"),
            .failed(.broken, received: true), .answer(503, "d"), .answer(200, "a again"), .answer(200, "c again"),
        ])
        let answers = try canned.client.sendAll(requests).map { try $0.get().text }
        #expect(answers == ["a again", "b", "c again", "d"])
        #expect(canned.batches == [4, 2])
        #expect(canned.requests.suffix(2).map(\.url) == ["https://example.com/a", "https://example.com/c"])
        #expect(canned.sleeps == [1000])
    }

    @Test func nothingIsSentForNoRequests() {
        let canned = CannedTransport([])
        #expect(canned.client.sendAll([]).isEmpty)
        #expect(canned.sleeps.isEmpty)
    }

    @Test(arguments: [(10_000, 4000), (3000, 3000), (nil, 4000)] as [(Int?, Int)])
    func theDeadlineCutsTheTimeout(_ own: Int?, _ sent: Int) throws {
        let canned = CannedTransport([.answer(200)])
        _ = try canned.client.until(canned.now + 4000).send(get(timeout: own))
        #expect(canned.requests.map(\.timeout) == [sent])
    }

    @Test func withoutADeadlineATimeoutStaysAsItIs() throws {
        let canned = CannedTransport([.answer(200), .answer(200)])
        _ = try canned.client.send(get(timeout: nil))
        _ = try canned.client.send(get(timeout: 7))
        #expect(canned.requests.map(\.timeout) == [nil, 7])
    }

    @Test(arguments: [0, -1, -1_000_000])
    func afterTheDeadlineNothingIsSent(_ left: Int) {
        let canned = CannedTransport([.answer(200)])
        let expected = HTTPFailure(.timedOut, mayHaveBeenReceived: false, "the deadline passed before the request")
        #expect(throws: expected) { try canned.client.until(canned.now + left).send(get()) }
        #expect(canned.requests.isEmpty)
    }

    /// A wait that would reach the deadline is not begun: the trouble itself is the better answer.
    @Test(arguments: [(101, 2), (100, 1), (50, 1)])
    func aWaitMustEndBeforeTheDeadline(_ left: Int, _ tries: Int) throws {
        let canned = CannedTransport([.answer(503), .answer(200)])
        let status = try canned.client.until(canned.now + left).send(get()).status
        #expect(status == (tries == 2 ? 200 : 503))
        #expect(canned.requests.count == tries)
    }

    @Test func aRepeatHasOnlyTheTimeThatIsLeft() throws {
        let canned = CannedTransport([.answer(503), .answer(503), .answer(200)])
        _ = try canned.client.until(canned.now + 1000).send(get())
        #expect(canned.requests.map(\.timeout) == [1000, 900, 700])
    }

    @Test func untilLeavesTheClientItCameFromAlone() throws {
        let canned = CannedTransport([.answer(200)])
        let client = canned.client
        _ = client.until(canned.now - 1)
        #expect(try client.send(get()).status == 200)
    }
}
