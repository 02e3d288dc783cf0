import CCurl

/// libcurl, driven by one multi handle, which keeps connections, names and TLS sessions from one request to the next,
/// also across Lambda's freeze and thaw.
final class Curl {
    /// Nil when libcurl or OpenSSL could not be initialized: then no request is sent.
    private let multi: UnsafeMutableRawPointer?
    /// Idle easy handles. Each holds the TLS sessions of its last hosts, so the last one used is taken first.
    private var idle: [UnsafeMutableRawPointer] = []
    private let maxResponseSize: Int

    init(maxResponseSize: Int) {
        multi = Curl.multiHandle()
        self.maxResponseSize = maxResponseSize
    }

    deinit {
        for handle in idle { curl_easy_cleanup(handle) }
        curl_multi_cleanup(multi)
    }

    private static func multiHandle() -> UnsafeMutableRawPointer? {
        guard initializeOpenSSL(), curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK, let multi = curl_multi_init()
        else { return nil }
        // More than a program talks to. By default libcurl keeps four times as many as there are concurrent requests.
        guard ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 64) == CURLM_OK else {
            curl_multi_cleanup(multi)
            return nil
        }
        return multi
    }

    /// Sends all concurrently and answers in the order of the requests.
    func send(_ requests: [Request]) -> [Result<Response, HTTPFailure>] {
        let transfers = requests.map { begin($0) }
        run()
        return transfers.map { transfer in
            do throws(HTTPFailure) { return .success(try end(transfer.get())) } catch { return .failure(error) }
        }
    }

    private func begin(_ request: Request) -> Result<Transfer, HTTPFailure> {
        do throws(HTTPFailure) {
            let origin = try checkedOrigin(request)
            guard let multi, let handle = idle.popLast() ?? curl_easy_init() else {
                throw HTTPFailure(.refused, mayHaveBeenReceived: false, "libcurl cannot be used")
            }
            curl_easy_reset(handle)
            return .success(try added(handle, to: multi, request, origin))
        } catch {
            return .failure(error)
        }
    }

    private func added(
        _ handle: UnsafeMutableRawPointer, to multi: UnsafeMutableRawPointer, _ request: Request, _ origin: Origin
    ) throws(HTTPFailure) -> Transfer {
        do throws(HTTPFailure) {
            let transfer = try Transfer(handle, request, origin, maxResponseSize: maxResponseSize)
            guard curl_multi_add_handle(multi, handle) == CURLM_OK else {
                throw origin.notSent("libcurl did not take it")
            }
            return transfer
        } catch {
            curl_easy_cleanup(handle)
            throw error
        }
    }

    /// Refuses a request that must not be sent.
    private func checkedOrigin(_ request: Request) throws(HTTPFailure) -> Origin {
        let origin = try Origin(request.url)
        guard origin.isAllowed(isOnThisMachine: request.isOnThisMachine) else {
            throw HTTPFailure(
                .refused, mayHaveBeenReceived: false, "requests to \(origin.host) must use https, not \(origin.scheme)")
        }
        // A line break in a value would let an attacker add a header.
        guard !request.headers.contains(where: { ($0.name + $0.value).utf8.contains { [0, 10, 13].contains($0) } })
        else {
            throw HTTPFailure(
                .refused, mayHaveBeenReceived: false, "a header for \(origin.host) contains a line break")
        }
        return origin
    }

    /// Runs until every transfer has its response or its failure; each is bounded by its own timeout.
    private func run() {
        var running: Int32 = 0
        repeat {
            guard curl_multi_perform(multi, &running) == CURLM_OK else { return }
            var left: Int32 = 0
            while let message = curl_multi_info_read(multi, &left) {
                Transfer.of(message.pointee.easy_handle)?.result = ccurl_message_result(message)
            }
            if running > 0, curl_multi_poll(multi, nil, 0, 1000, nil) != CURLM_OK { return }
        } while running > 0
    }

    private func end(_ transfer: Transfer) throws(HTTPFailure) -> Response {
        curl_multi_remove_handle(multi, transfer.handle)
        defer { idle.append(transfer.handle) }
        return try transfer.response()
    }
}
