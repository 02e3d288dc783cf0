import HTTP

extension HTTPClient {
    /// libcurl and real sockets, without waits between two tries.
    static func quick(largestAnswer: Int = 8 << 20) -> HTTPClient {
        var client = HTTPClient.live(largestAnswer: largestAnswer)
        client.sleep = { _ in }
        return client
    }

    /// The failure of a request that must not succeed, nil when it does.
    func failure(of request: Request) -> HTTPFailure? {
        guard case .failure(let failure) = sendAll([request])[0] else { return nil }
        return failure
    }
}
