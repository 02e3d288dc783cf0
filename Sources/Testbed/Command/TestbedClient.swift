import HTTP

/// Requests to a running stack. For one thread at a time.
struct HTTPCall {
    private let http = HTTPClient.live()

    /// Nil when there is no answer.
    func get(_ url: String) -> Response? {
        try? http.send(Request("GET", url, timeout: 5000, isIdempotent: false))
    }

    func send(_ request: Request) throws(Stack.Failure) -> Response {
        do {
            return try http.send(request)
        } catch {
            throw Stack.Failure("The testbed does not answer (\(error)).")
        }
    }
}
