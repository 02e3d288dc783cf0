import HTTP

/// Requests to a running stack. For one thread at a time.
struct HTTPCall {
    private let http = HTTP.Client.live()

    /// Nil when there is no answer.
    func get(_ url: String) -> Response? {
        try? http.send(Request("GET", url, timeout: 5000, repeatable: false))
    }

    func send(_ request: Request) throws(Stack.Failure) -> Response {
        do {
            return try http.send(request)
        } catch {
            throw Stack.Failure("The local stack does not answer (\(error)).")
        }
    }
}
