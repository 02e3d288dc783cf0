import Basics
import HTTP
import TestSupport
import Testing

/// Retries, waits and deadlines, without a network or a real clock.
@Suite struct RetryTests {
    private func get(isIdempotent: Bool = true, timeout: Milliseconds? = 10_000) -> Request {
        Request("GET", "https://example.com/", timeout: timeout, isIdempotent: isIdempotent)
    }

    @Test("A retryable status is retried", arguments: [429, 500, 502, 503, 504])
    func retryableStatus(_ status: Int) throws {
        let http = FakeHTTPClient([.answer(status), .answer(200, "done")])
        #expect(try http.client.send(get()).text == "done")
        #expect(http.requests.count == 2)
        #expect(http.waits == [100])
    }

    @Test("Any other status is final", arguments: [200, 204, 301, 400, 401, 403, 404, 409, 413, 501])
    func finalStatus(_ status: Int) throws {
        let http = FakeHTTPClient([.answer(status)])
        #expect(try http.client.send(get()).status == status)
        #expect(http.waits.isEmpty)
    }

    /// The others would fail in the same way again, or have used up the time.
    @Test(
        "Only connection failures are retried",
        arguments: [
            (HTTPFailure.Kind.notConnected, 4), (.broken, 4), (.refused, 1), (.timedOut, 1), (.tooLarge, 1),
        ])
    func connectionFailures(_ kind: HTTPFailure.Kind, tries: Int) {
        let http = FakeHTTPClient(Array(repeating: .failed(kind, received: true), count: 4))
        #expect(throws: HTTPFailure(kind, mayHaveBeenReceived: true, "scripted")) { try http.client.send(get()) }
        #expect(http.requests.count == tries)
    }

    @Test("Three retries back off exponentially") func backoff() throws {
        let http = FakeHTTPClient(Array(repeating: .answer(503, "busy"), count: 9))
        #expect(try http.client.send(get()).text == "busy")
        #expect(http.requests.count == 4)
        #expect(http.jitterBounds == [100, 200, 400])
        #expect(http.waits == [100, 200, 400])
    }

    @Test(
        "A request that is not idempotent is never retried",
        arguments: [.answer(503), .failed(.broken, received: true), .failed(.notConnected, received: false)]
            as [Result<Response, HTTPFailure>])
    func notIdempotent(_ result: Result<Response, HTTPFailure>) {
        let http = FakeHTTPClient([result, .answer(200)])
        _ = try? http.client.send(get(isIdempotent: false))
        #expect(http.requests.count == 1)
        #expect(http.waits.isEmpty)
    }

    @Test(
        "Retry-After sets the wait",
        arguments: [
            ("2", 2000), ("0", 0), ("10", 10_000),
            // At most 10 s: an invocation has no more time.
            ("3600", 10_000), ("-5", 0),
            // Only whole seconds are read.
            ("Fri, 20 Nov 2026 10:15:30 GMT", 100), ("", 100), ("1.5", 100),
        ])
    func retryAfter(_ value: String, _ wait: Int) throws {
        let http = FakeHTTPClient([.answer(429, headers: [Header("retry-after", value)]), .answer(200)])
        #expect(try http.client.send(get()).status == 200)
        #expect(http.waits == [wait])
    }

    @Test("A request may decide what is retryable") func ownRetryable() throws {
        var request = get()
        request.isRetryable = { $0.text == "throttled" }
        let http = FakeHTTPClient([.answer(400, "throttled"), .answer(503)])
        #expect(try http.client.send(request).status == 503)
        #expect(http.requests.count == 2)
    }

    /// They are retried together, after the longest of their waits.
    @Test("Of several requests only the failed ones are retried") func severalRetries() throws {
        let requests = ["a", "b", "c", "d"].map {
            Request("GET", "https://example.com/\($0)", isIdempotent: $0 != "d")
        }
        let http = FakeHTTPClient([
            .answer(503, "a", headers: [Header("Retry-After", "1")]), .answer(200, "b"),
            .failed(.broken, received: true), .answer(503, "d"), .answer(200, "a again"), .answer(200, "c again"),
        ])
        let answers = try http.client.sendAll(requests).map { try $0.get().text }
        #expect(answers == ["a again", "b", "c again", "d"])
        #expect(http.batches == [4, 2])
        #expect(http.requests.suffix(2).map(\.url) == ["https://example.com/a", "https://example.com/c"])
        #expect(http.waits == [1000])
    }

    @Test("No requests send nothing") func noRequests() {
        let http = FakeHTTPClient([])
        #expect(http.client.sendAll([]).isEmpty)
        #expect(http.waits.isEmpty)
    }

    @Test("The deadline shortens the timeout", arguments: [(10_000, 4000), (3000, 3000), (nil, 4000)] as [(Int?, Int)])
    func deadlineCutsTimeout(_ own: Int?, _ sent: Int) throws {
        let http = FakeHTTPClient([.answer(200)])
        _ = try http.client.until(http.now + 4000).send(get(timeout: own))
        #expect(http.requests.map(\.timeout) == [sent])
    }

    @Test("Without a deadline the timeout stays") func noDeadline() throws {
        let http = FakeHTTPClient([.answer(200), .answer(200)])
        _ = try http.client.send(get(timeout: nil))
        _ = try http.client.send(get(timeout: 7))
        #expect(http.requests.map(\.timeout) == [nil, 7])
    }

    @Test("After the deadline nothing is sent", arguments: [0, -1, -1_000_000])
    func afterDeadline(_ left: Int) {
        let http = FakeHTTPClient([.answer(200)])
        let expected = HTTPFailure(.timedOut, mayHaveBeenReceived: false, "the deadline passed before the request")
        #expect(throws: expected) { try http.client.until(http.now + left).send(get()) }
        #expect(http.requests.isEmpty)
    }

    /// The client does not begin a wait that would reach the deadline: the failure says more than a timeout.
    @Test("A wait must end before the deadline", arguments: [(101, 2), (100, 1), (50, 1)])
    func waitWithinDeadline(_ left: Int, _ tries: Int) throws {
        let http = FakeHTTPClient([.answer(503), .answer(200)])
        let status = try http.client.until(http.now + left).send(get()).status
        #expect(status == (tries == 2 ? 200 : 503))
        #expect(http.requests.count == tries)
    }

    @Test("A retry has only the remaining time") func retryTimeout() throws {
        let http = FakeHTTPClient([.answer(503), .answer(503), .answer(200)])
        _ = try http.client.until(http.now + 1000).send(get())
        #expect(http.requests.map(\.timeout) == [1000, 900, 700])
    }

    @Test("until does not change the original client") func untilCopies() throws {
        let http = FakeHTTPClient([.answer(200)])
        let client = http.client
        _ = client.until(http.now - 1)
        #expect(try client.send(get()).status == 200)
    }
}
