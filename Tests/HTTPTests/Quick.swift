import HTTP

extension Client {
    /// libcurl and real sockets, without waits between two tries.
    static func quick(largestAnswer: Int = 8 << 20) -> Client {
        var client = Client.live(largestAnswer: largestAnswer)
        client.sleep = { _ in }
        return client
    }

    /// The failure of a request that must not succeed, nil when it does.
    func failure(of request: Request) -> Failure? {
        guard case .failure(let failure) = sendAll([request])[0] else { return nil }
        return failure
    }
}
