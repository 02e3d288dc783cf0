import HTTP

extension HTTPClient {
    /// The live client without waits between retries.
    static func quick(maxResponseSize: Int = 8 << 20) -> HTTPClient {
        var client = HTTPClient.live(maxResponseSize: maxResponseSize)
        client.sleep = { _ in }
        return client
    }

    /// The failure of a request; nil when it succeeds.
    func failure(of request: Request) -> HTTPFailure? {
        guard case .failure(let failure) = sendAll([request])[0] else { return nil }
        return failure
    }
}
