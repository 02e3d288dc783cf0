import HTTP

/// Sends requests to a running testbed. Use it on one thread only.
struct TestbedClient {
    private let http = HTTPClient.live()

    /// Nil when there is no answer.
    func get(_ url: String) -> Response? {
        try? http.send(Request("GET", url, timeout: 5000, isIdempotent: false))
    }

    func send(_ request: Request) throws(TestbedFailure) -> Response {
        do {
            return try http.send(request)
        } catch {
            throw TestbedFailure("The testbed does not answer (\(error)).")
        }
    }
}
